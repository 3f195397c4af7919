//! The `healthcheck` subcommand: a gRPC health check for process managers, since images
//! contain neither a shell nor a gRPC client.

use std::{net::SocketAddr, process::ExitCode, time::Duration};

use tonic::transport::Endpoint;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

/// Timeout of the health check, connecting included.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

/// Checks if the process that listens on `WANGGE_LISTEN`, or on `port` of localhost, is
/// ready. The first argument may name one of its services instead. Exits with success if
/// it is serving.
pub fn run(mut arguments: impl Iterator<Item = String>, port: u16) -> ExitCode {
    let service = arguments.next().unwrap_or_default();
    let listen = std::env::var("WANGGE_LISTEN").ok();
    let listen = listen.and_then(|listen| listen.parse::<SocketAddr>().ok());
    let address = match listen {
        Some(listen) if !listen.ip().is_unspecified() => listen,
        // An unspecified address (0.0.0.0) can be bound, but not called.
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
    match tokio::time::timeout(PROBE_TIMEOUT, asked).await {
        Ok(Ok(ServingStatus::Serving)) => Ok(()),
        Ok(Ok(status)) => Err(format!("not ready: {}", status.as_str_name())),
        Ok(Err(error)) => Err(format!("no response from {address}: {error}")),
        Err(_) => Err(format!("no response from {address} in time")),
    }
}
