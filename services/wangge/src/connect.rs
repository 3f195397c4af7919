//! Addresses and tokens for commands that call a running system.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use wangge_api::policy::Role;
use wangge_client::{ServiceChannel, TokenSource};

use crate::{data_dir::DataDirArgs, services::ServiceName, token::KeyArgs};

/// Addresses of the services, and the token for calls to them.
#[derive(Debug, Clone, Args)]
pub(crate) struct ConnectArgs {
    /// URL of organization; by default its port on this machine.
    #[arg(long, env = "WANGGE_ORGANIZATION_URL")]
    organization_url: Option<String>,
    /// URL of tickets; by default its port on this machine.
    #[arg(long, env = "WANGGE_TICKETS_URL")]
    tickets_url: Option<String>,
    /// URL of volunteers; by default its port on this machine.
    #[arg(long, env = "WANGGE_VOLUNTEERS_URL")]
    volunteers_url: Option<String>,
    /// URL of reporting; by default its port on this machine.
    #[arg(long, env = "WANGGE_REPORTING_URL")]
    reporting_url: Option<String>,
    /// File with the token for calls. By default, a token is issued with the key of
    /// an installation, if one is specified, or with the local development key.
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
    /// Returns channels for streaming calls, which have no timeout as a whole.
    pub(crate) fn channels(&self, role: Role) -> Result<Channels> {
        let token = self.token(role)?;
        Channels::to(|service| self.url(service), &token)
    }

    /// Returns the arguments for the local data directory.
    pub(crate) fn data_dir(&self) -> &DataDirArgs {
        &self.key.data_dir
    }

    /// Returns true if the caller specified the address of any service, so that the
    /// services aren't the ones that `wangge up` runs on this machine.
    pub(crate) fn is_elsewhere(&self) -> bool {
        let named = [
            &self.organization_url,
            &self.tickets_url,
            &self.volunteers_url,
            &self.reporting_url,
        ];
        named.iter().any(|url| url.is_some())
    }

    /// Returns the URL of a service: the one specified, or its port on localhost.
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

    /// Returns a channel to a service with the rights of a role, restricted to an
    /// area or a unit. It always issues a token with the key, even if a token file
    /// was specified: an existing token can't be narrowed.
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

    /// Returns the path of the token file, if one was specified, and its content or
    /// the error of reading it.
    pub(crate) fn given_token(&self) -> Option<(PathBuf, Result<String, String>)> {
        let path = self.token_file.clone()?;
        let read = std::fs::read_to_string(&path);
        let read = read.map(|text| text.trim().to_owned());
        Some((path, read.map_err(|error| error.to_string())))
    }

    /// Returns the source of the token for calls: the token file, or else tokens that
    /// are issued for `role`.
    pub(crate) fn token(&self, role: Role) -> Result<TokenSource> {
        match &self.token_file {
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .with_context(|| format!("token file {}", path.display()))?;
                // Checked here, since a service could only reject the token, without
                // the path of the file.
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
    /// Creates channels to the services at the URLs that `url` returns.
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

/// Converts the status of a rejected call to an error message for a person: code,
/// reason and description.
pub(crate) fn refused(status: tonic::Status) -> anyhow::Error {
    use tonic_types::StatusExt as _;
    let reason = status
        .get_details_error_info()
        .map(|info| info.reason)
        .unwrap_or_default();
    anyhow::anyhow!("{:?} {reason}: {}", status.code(), status.message())
}
