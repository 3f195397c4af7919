//! The client side of every call between services: connection settings, load
//! balancing over replicas, timeouts, the token, deadline and trace context of each
//! call, and retries where they are safe. It knows no method of any service.

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

/// A channel that adds token, timeout and trace to each call; pass it to a
/// generated client.
pub type ServiceChannel = Call<Channel>;

/// Timeout for establishing a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Interval of HTTP/2 keepalive pings, and the timeout for their acknowledgement.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(10));
/// The default timeout of a call that has no deadline.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Creates a channel to the service at `url`. It connects on first use and
/// reconnects when the connection is lost. If the URL has a host name, calls are
/// balanced over all of its addresses that are ready. For unary calls. Must be
/// called within a tokio runtime.
///
/// # Errors
/// Returns an error if `url` is invalid.
pub fn connect(url: &str, token: TokenSource) -> Result<ServiceChannel, tonic::transport::Error> {
    Ok(Call::new(
        balance::balanced(endpoint(url)?),
        url,
        token,
        Some(TIMEOUT),
    ))
}

/// Like [`connect`], for streaming calls, which have no timeout as a whole.
///
/// # Errors
/// Returns an error if `url` is invalid.
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

/// Applies the settings of every connection.
fn settings(endpoint: Endpoint) -> Endpoint {
    endpoint
        .connect_timeout(CONNECT_TIMEOUT)
        .http2_keep_alive_interval(KEEPALIVE.0)
        .keep_alive_timeout(KEEPALIVE.1)
        .keep_alive_while_idle(true)
        .tcp_nodelay(true)
}
