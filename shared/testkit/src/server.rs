//! Servers on free ports, with the whole column of layers, as in production.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use wangge_client::{ServiceChannel, TokenSource};
use wangge_server::{ServerArgs, Service};

use crate::token::verifier;

/// Serves on a free port until `stop`; answers the address.
pub async fn serve(service: Service, stop: CancellationToken) -> String {
    serve_with(
        service,
        &ServerArgs {
            reflection: true,
            ..ServerArgs::default()
        },
        stop,
    )
    .await
}

/// As [`serve`], with other limits.
///
/// # Panics
/// When no port is free.
pub async fn serve_with(service: Service, args: &ServerArgs, stop: CancellationToken) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let args = args.clone();
    tokio::spawn(async move {
        wangge_server::serve(service, listener, &args, verifier(), stop)
            .await
            .expect("the server serves");
    });
    format!("http://{address}")
}

/// A channel to a server, with a token on every call.
///
/// # Panics
/// When the address is none.
pub fn channel(url: &str, token: &str) -> ServiceChannel {
    wangge_client::connect(url, TokenSource::fixed(token)).expect("an address")
}

/// As [`channel`], for calls that stream.
///
/// # Panics
/// When the address is none.
pub fn stream_channel(url: &str, token: &str) -> ServiceChannel {
    wangge_client::connect_streams(url, TokenSource::fixed(token)).expect("an address")
}

/// How long a test waits before what it waits for counts as hanging. It measures
/// no speed: no machine on which anything still moves needs that long for one
/// step.
pub const HANG_TIMEOUT: Duration = Duration::from_secs(300);

/// Asks again and again until there is an answer.
///
/// # Panics
/// When there is none within [`HANG_TIMEOUT`].
pub async fn eventually<T, F: Future<Output = Option<T>>>(mut ask: impl FnMut() -> F) -> T {
    let begun = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(begun.elapsed() < HANG_TIMEOUT, "it never came to pass");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
