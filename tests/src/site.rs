//! The addresses of four running services, and tokens that they accept.

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

/// One of the four services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// Areas, units and people.
    Organization,
    /// Tickets, duty, meetings and fieldwork.
    Tickets,
    /// Registrations, visits and stations.
    Volunteers,
    /// Figures and the wall.
    Reporting,
}

impl Service {
    /// All services, in the order of their ports.
    pub const ALL: [Self; 4] = [
        Self::Organization,
        Self::Tickets,
        Self::Volunteers,
        Self::Reporting,
    ];
    /// The services that have a feed.
    pub const FEEDS: [Self; 3] = [Self::Organization, Self::Tickets, Self::Volunteers];

    /// Returns the service's name in packages and settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::Tickets => "tickets",
            Self::Volunteers => "volunteers",
            Self::Reporting => "reporting",
        }
    }

    /// Returns the services that implement a method.
    ///
    /// # Panics
    /// Panics if no service implements it.
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

/// Four running services, in this process or elsewhere.
#[derive(Debug, Clone)]
pub struct Site {
    urls: [String; 4],
    signer: Signer,
}

/// The issuer whose tokens the services accept.
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

    /// Returns the URL of a service.
    pub fn url(&self, service: Service) -> &str {
        &self.urls[service as usize]
    }

    /// Returns a token for a caller.
    ///
    /// # Panics
    /// Panics if it can't be signed.
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

    /// Returns a plain channel, without token, deadline or retries.
    ///
    /// # Panics
    /// Panics if the URL is invalid.
    pub fn bare(&self, service: Service) -> Channel {
        Endpoint::from_shared(self.url(service).to_owned())
            .expect("an address")
            .connect_lazy()
    }

    /// Returns a channel that sends a token with every call and sets no deadline.
    ///
    /// # Panics
    /// Panics if the URL is invalid.
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

    /// Like [`Self::channel`], for a caller whose scope is everything.
    pub fn everywhere(&self, service: Service, role: Role) -> ServiceChannel {
        self.channel(service, role, Some(""), None)
    }
}
