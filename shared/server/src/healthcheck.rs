//! The question whether this process is well, asked by the process manager in
//! the place of a shell and a client, which images don't have.

use std::{net::SocketAddr, process::ExitCode, time::Duration};

use tonic::transport::Endpoint;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

/// How long the answer may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks the process that listens on `listen`, or on `port`, whether it is ready,
/// or whether a service of it named in the arguments is. Success means yes.
pub fn run(mut arguments: impl Iterator<Item = String>, port: u16) -> ExitCode {
    let service = arguments.next().unwrap_or_default();
    let listen = std::env::var("WANGGE_LISTEN").ok();
    let listen = listen.and_then(|listen| listen.parse::<SocketAddr>().ok());
    let address = match listen {
        Some(listen) if !listen.ip().is_unspecified() => listen,
        Some(listen) => SocketAddr::from(([127, 0, 0, 1], listen.port())),
        None => SocketAddr::from(([127, 0, 0, 1], port)),
    };
    let asked = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())
        .and_then(|runtime| runtime.block_on(ask(address, service)));
    match asked {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => crate::process::fail(&why.into()),
    }
}

async fn ask(address: SocketAddr, service: String) -> Result<(), String> {
    let asked = async {
        let endpoint = Endpoint::from_shared(format!("http://{address}"))?;
        let channel = endpoint.connect().await?;
        let request = HealthCheckRequest { service };
        let answer = HealthClient::new(channel).check(request).await?;
        Ok::<_, Box<dyn std::error::Error>>(answer.into_inner().status())
    };
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(ServingStatus::Serving)) => Ok(()),
        Ok(Ok(status)) => Err(format!("not ready: {}", status.as_str_name())),
        Ok(Err(error)) => Err(format!("no answer from {address}: {error}")),
        Err(_) => Err(format!("no answer from {address} in time")),
    }
}
