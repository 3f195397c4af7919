//! Connections of commands to a running system, and the tokens that they use.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use wangge_api::policy::Role;
use wangge_client::{ServiceChannel, TokenSource};

use crate::{data_dir::DataDirArgs, services::ServiceName, token::KeyArgs};

/// Addresses of the services, and the token to call them with.
#[derive(Debug, Clone, Args)]
pub(crate) struct ConnectArgs {
    /// Address of organization. Default: the local run's.
    #[arg(long, env = "WANGGE_ORGANIZATION_URL")]
    organization_url: Option<String>,
    /// Address of tickets. Default: the local run's.
    #[arg(long, env = "WANGGE_TICKETS_URL")]
    tickets_url: Option<String>,
    /// Address of volunteers. Default: the local run's.
    #[arg(long, env = "WANGGE_VOLUNTEERS_URL")]
    volunteers_url: Option<String>,
    /// Address of reporting. Default: the local run's.
    #[arg(long, env = "WANGGE_REPORTING_URL")]
    reporting_url: Option<String>,
    /// File with the token to call with. Default: a token is issued with the installation's
    /// key, if one is given, or with the development key of the local run.
    #[arg(long, env = "WANGGE_TOKEN_FILE")]
    token_file: Option<PathBuf>,
    #[command(flatten)]
    key: KeyArgs,
}

/// Channels to all four services.
#[derive(Debug, Clone)]
pub(crate) struct Channels {
    pub(crate) organization: ServiceChannel,
    pub(crate) tickets: ServiceChannel,
    pub(crate) volunteers: ServiceChannel,
    pub(crate) reporting: ServiceChannel,
}

impl ConnectArgs {
    /// Returns channels for streaming calls, which have no overall timeout.
    pub(crate) fn channels(&self, role: Role) -> Result<Channels> {
        let token = self.token(role)?;
        Channels::to(|service| self.url(service), &token)
    }

    /// Returns the location of local data.
    pub(crate) fn data_dir(&self) -> &DataDirArgs {
        &self.key.data_dir
    }

    /// Returns true if the caller named the services' addresses, so that they aren't those
    /// of a local `wangge up`.
    pub(crate) fn is_elsewhere(&self) -> bool {
        let named = [
            &self.organization_url,
            &self.tickets_url,
            &self.volunteers_url,
            &self.reporting_url,
        ];
        named.iter().any(|url| url.is_some())
    }

    /// Returns the address of a service.
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

    /// Returns a channel to a service with a role's rights, limited to an area or a unit.
    /// Needs a key to issue such a token: a token from a file can't be narrowed.
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

    /// Returns the path of the token file, if one was given, and its content or read error.
    pub(crate) fn given_token(&self) -> Option<(PathBuf, Result<String, String>)> {
        let path = self.token_file.clone()?;
        let read = std::fs::read_to_string(&path);
        let read = read.map(|text| text.trim().to_owned());
        Some((path, read.map_err(|error| error.to_string())))
    }

    /// Returns the token to call with: that of the file, or a new one for `role`.
    pub(crate) fn token(&self, role: Role) -> Result<TokenSource> {
        match &self.token_file {
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .with_context(|| format!("token file {}", path.display()))?;
                // Refused here, with the file's name: a service would only report an invalid token.
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
    /// Opens channels to services at the given addresses.
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

/// Converts a refusal to an error message that names its code and reason.
pub(crate) fn refused(status: tonic::Status) -> anyhow::Error {
    use tonic_types::StatusExt as _;
    let reason = status
        .get_details_error_info()
        .map(|info| info.reason)
        .unwrap_or_default();
    anyhow::anyhow!("{:?} {reason}: {}", status.code(), status.message())
}
