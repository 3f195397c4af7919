//! The one way to call a service: connection settings, its replicas, time-outs,
//! the caller's token, deadline and trace on every call, and retries for what may
//! be retried. It knows no method of any service.

mod balance;
mod call;
pub mod deadline;
pub mod retry;
mod token;

use std::time::Duration;

use tonic::transport::{Channel, Endpoint};

pub use call::Call;
pub use retry::{may_succeed_later, retry};
pub use token::TokenSource;

/// A channel with everything on it; give it to a generated client.
pub type ServiceChannel = Call<Channel>;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(3);
/// How often a silent peer is asked whether it lives, and how long it may take
/// to say so.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(10));
/// Limit of a call where the work at hand has no deadline of its own.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A channel to the service at `url`; it connects when first used and again
/// whenever the connection is lost. Where the URL has a name, calls are spread
/// over all its addresses that are ready. For calls with one answer. Call it
/// within a runtime.
///
/// # Errors
/// When `url` is no address.
pub fn connect(url: &str, token: TokenSource) -> Result<ServiceChannel, tonic::transport::Error> {
    Ok(Call::new(
        balance::balanced(endpoint(url)?),
        url,
        token,
        Some(TIMEOUT),
    ))
}

/// As [`connect`], for calls that stream and so have no time limit as a whole.
///
/// # Errors
/// When `url` is no address.
pub fn connect_streams(
    url: &str,
    token: TokenSource,
) -> Result<ServiceChannel, tonic::transport::Error> {
    let channel = balance::balanced(endpoint(url)?);
    Ok(Call::new(channel, url, token, None))
}

fn endpoint(url: &str) -> Result<Endpoint, tonic::transport::Error> {
    Ok(settings(Endpoint::from_shared(url.to_owned())?))
}

/// How every connection is kept.
fn settings(endpoint: Endpoint) -> Endpoint {
    endpoint
        .connect_timeout(CONNECT)
        .http2_keep_alive_interval(KEEPALIVE.0)
        .keep_alive_timeout(KEEPALIVE.1)
        .keep_alive_while_idle(true)
        .tcp_nodelay(true)
}
