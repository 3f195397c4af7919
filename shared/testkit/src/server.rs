//! Servers on free ports, with the same layer stack as in production.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use wangge_client::{ServiceChannel, TokenSource};
use wangge_server::{ServerArgs, Service};

use crate::token::verifier;

/// Serves on a free port until `stop`, and returns the URL.
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

/// Like [`serve`], with custom limits.
///
/// # Panics
/// Panics if no port is free.
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

/// Returns a channel that sends a token with every call.
///
/// # Panics
/// Panics if the URL is invalid.
pub fn channel(url: &str, token: &str) -> ServiceChannel {
    wangge_client::connect(url, TokenSource::fixed(token)).expect("an address")
}

/// Like [`channel`], for streaming calls.
///
/// # Panics
/// Panics if the URL is invalid.
pub fn stream_channel(url: &str, token: &str) -> ServiceChannel {
    wangge_client::connect_streams(url, TokenSource::fixed(token)).expect("an address")
}

/// Timeout after which a waiting test counts as hanging. It isn't a performance limit: no
/// machine that makes any progress needs that long for one step.
pub const HANG_TIMEOUT: Duration = Duration::from_secs(300);

/// Polls `ask` until it returns a value.
///
/// # Panics
/// Panics if there is none within [`HANG_TIMEOUT`].
pub async fn eventually<T, F: Future<Output = Option<T>>>(mut ask: impl FnMut() -> F) -> T {
    let begun = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(
            begun.elapsed() < HANG_TIMEOUT,
            "the condition was not met in time"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
