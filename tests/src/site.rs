//! Where four services are, and tokens that they accept.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use tonic::transport::{Channel, Endpoint};
use uuid::Uuid;
use wangge_api::policy::Role;
use wangge_auth::{
    claims::{Claims, role_name},
    issuer::{AUDIENCE, ISSUER, Issuer},
};
use wangge_client::{ServiceChannel, TokenSource};

/// A service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// Areas, units, people.
    Organization,
    /// Tickets.
    Tickets,
    /// Registrations and visits.
    Volunteers,
    /// Figures.
    Reporting,
}

impl Service {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Organization,
        Self::Tickets,
        Self::Volunteers,
        Self::Reporting,
    ];
    /// Those with a feed.
    pub const FEEDS: [Self; 3] = [Self::Organization, Self::Tickets, Self::Volunteers];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::Tickets => "tickets",
            Self::Volunteers => "volunteers",
            Self::Reporting => "reporting",
        }
    }

    /// The services that answer a method.
    ///
    /// # Panics
    /// When nobody answers it.
    pub fn of(path: &str) -> Vec<Self> {
        if path.starts_with("/wangge.events.") {
            return Self::FEEDS.to_vec();
        }
        let area = path.split('.').nth(1);
        let service = Self::ALL
            .into_iter()
            .find(|service| Some(service.name()) == area);
        vec![service.unwrap_or_else(|| panic!("no service answers {path}"))]
    }
}

/// Four running services.
#[derive(Debug, Clone)]
pub struct Site {
    urls: [String; 4],
    signer: Signer,
}

/// Whose tokens are accepted.
#[derive(Debug, Clone)]
pub(crate) enum Signer {
    /// The test process's key.
    Process,
    /// The development key of a data folder.
    Development(Arc<Issuer>),
}

impl Site {
    pub(crate) fn new(urls: [String; 4], signer: Signer) -> Self {
        Self { urls, signer }
    }

    /// Address of a service.
    pub fn url(&self, service: Service) -> &str {
        &self.urls[service as usize]
    }

    /// A token of a caller.
    ///
    /// # Panics
    /// When none can be signed.
    pub fn token(&self, role: Role, area: Option<&str>, unit: Option<Uuid>) -> String {
        let issuer = match &self.signer {
            Signer::Process => return wangge_testkit::token(&[role], area, unit),
            Signer::Development(issuer) => issuer,
        };
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("after 1970")
            .as_secs();
        let name = role_name(role);
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: format!("test-{name}"),
            exp: now + 3600,
            nbf: now - 60,
            roles: vec![name],
            area: area.map(str::to_owned),
            unit: unit.map(|unit| unit.to_string()),
        };
        issuer.token(&claims).expect("a token")
    }

    /// A channel without anything on its calls.
    ///
    /// # Panics
    /// When the address is none.
    pub fn bare(&self, service: Service) -> Channel {
        Endpoint::from_shared(self.url(service).to_owned())
            .expect("an address")
            .connect_lazy()
    }

    /// A channel with a token on every call and no time limit.
    ///
    /// # Panics
    /// When the address is none.
    pub fn channel(
        &self,
        service: Service,
        role: Role,
        area: Option<&str>,
        unit: Option<Uuid>,
    ) -> ServiceChannel {
        let token = TokenSource::fixed(self.token(role, area, unit));
        wangge_client::connect_streams(self.url(service), token).expect("an address")
    }

    /// As [`Self::channel`], with rights everywhere.
    pub fn everywhere(&self, service: Service, role: Role) -> ServiceChannel {
        self.channel(service, role, Some(""), None)
    }
}
