//! How commands reach a running system, and with whose rights.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use wangge_api::policy::Role;
use wangge_client::{ServiceChannel, TokenSource};

use crate::{data_dir::DataDirArgs, services::ServiceName, token::KeyArgs};

/// Where the services are, and the token to call them with.
#[derive(Debug, Clone, Args)]
pub(crate) struct ConnectArgs {
    /// Address of organization.
    #[arg(long, env = "WANGGE_ORGANIZATION_URL")]
    organization_url: Option<String>,
    /// Address of tickets.
    #[arg(long, env = "WANGGE_TICKETS_URL")]
    tickets_url: Option<String>,
    /// Address of volunteers.
    #[arg(long, env = "WANGGE_VOLUNTEERS_URL")]
    volunteers_url: Option<String>,
    /// Address of reporting.
    #[arg(long, env = "WANGGE_REPORTING_URL")]
    reporting_url: Option<String>,
    /// File with the token to call with. Without it one is issued by the key of
    /// an installation, if that is given, or the development key of the local run.
    #[arg(long, env = "WANGGE_TOKEN_FILE")]
    token_file: Option<PathBuf>,
    #[command(flatten)]
    key: KeyArgs,
}

/// Channels to the services.
#[derive(Debug, Clone)]
pub(crate) struct Channels {
    pub(crate) organization: ServiceChannel,
    pub(crate) tickets: ServiceChannel,
    pub(crate) volunteers: ServiceChannel,
    pub(crate) reporting: ServiceChannel,
}

impl ConnectArgs {
    /// Channels for calls that stream, and so have no time limit as a whole.
    pub(crate) fn channels(&self, role: Role) -> Result<Channels> {
        let token = self.token(role)?;
        Channels::to(|service| self.url(service), &token)
    }

    /// Where local data lie.
    pub(crate) fn data_dir(&self) -> &DataDirArgs {
        &self.key.data_dir
    }

    /// Whether the services are ones that the caller named, and not those that
    /// `wangge up` runs here.
    pub(crate) fn is_elsewhere(&self) -> bool {
        let named = [
            &self.organization_url,
            &self.tickets_url,
            &self.volunteers_url,
            &self.reporting_url,
        ];
        named.iter().any(|url| url.is_some())
    }

    /// Address of a service.
    pub(crate) fn url(&self, service: ServiceName) -> String {
        let given = match service {
            ServiceName::Organization => &self.organization_url,
            ServiceName::Tickets => &self.tickets_url,
            ServiceName::Volunteers => &self.volunteers_url,
            ServiceName::Reporting => &self.reporting_url,
        };
        given
            .clone()
            .unwrap_or_else(|| format!("http://127.0.0.1:{}", service.port()))
    }

    /// A channel to a service with the rights of a role, in an area or of a
    /// unit only. It takes a key to issue such a token: one that was given in a
    /// file is what it is.
    pub(crate) fn narrow_channel(
        &self,
        service: ServiceName,
        role: Role,
        area: Option<&str>,
        unit: Option<uuid::Uuid>,
    ) -> Result<ServiceChannel> {
        let token = self.key.narrow_token(role, area, unit)?;
        let url = self.url(service);
        wangge_client::connect(&url, token).with_context(|| format!("address {url}"))
    }

    /// The token file that was given, and what it holds, or why it can't be read.
    pub(crate) fn given_token(&self) -> Option<(PathBuf, Result<String, String>)> {
        let path = self.token_file.clone()?;
        let read = std::fs::read_to_string(&path);
        let read = read.map(|text| text.trim().to_owned());
        Some((path, read.map_err(|error| error.to_string())))
    }

    /// The token to call with: the one given, or one for a role.
    pub(crate) fn token(&self, role: Role) -> Result<TokenSource> {
        match &self.token_file {
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .with_context(|| format!("token file {}", path.display()))?;
                if text.trim().is_empty() {
                    anyhow::bail!("token file {}: is empty", path.display());
                }
                Ok(TokenSource::fixed(text.trim()))
            }
            None => self.key.tokens(role),
        }
    }
}

impl Channels {
    /// Channels to services at some addresses.
    pub(crate) fn to(url: impl Fn(ServiceName) -> String, token: &TokenSource) -> Result<Self> {
        let channel = |service| {
            let url = url(service);
            wangge_client::connect_streams(&url, token.clone())
                .with_context(|| format!("address {url}"))
        };
        Ok(Self {
            organization: channel(ServiceName::Organization)?,
            tickets: channel(ServiceName::Tickets)?,
            volunteers: channel(ServiceName::Volunteers)?,
            reporting: channel(ServiceName::Reporting)?,
        })
    }
}

/// A refusal as an error that a person can read.
pub(crate) fn refused(status: tonic::Status) -> anyhow::Error {
    use tonic_types::StatusExt as _;
    let reason = status
        .get_details_error_info()
        .map(|info| info.reason)
        .unwrap_or_default();
    anyhow::anyhow!("{:?} {reason}: {}", status.code(), status.message())
}
