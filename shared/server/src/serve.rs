//! Serves a service on a listener until it is stopped, with a shutdown that is bounded
//! even if clients don't cooperate.

use std::{convert::Infallible, sync::Arc, time::Duration};

use http::{Request, Response};
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status, body::Body, server::NamedService, service::Routes};
use tonic_health::ServingStatus;
use tower::{ServiceBuilder, util::MapResponseLayer};
use wangge_api::refusal::{Reason, Refusal};
use wangge_auth::Verifier;

use crate::{
    args::ServerArgs, column::column, health, http1::Http1, incoming::incoming,
    reflection::Described,
};

/// Maximum time for draining calls after `stop`, lame-duck time included. Without it, an
/// idle client or an open watch would block the shutdown forever. The rest of the ten
/// seconds that a process has is for pools and telemetry.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(6);
/// Interval and timeout of keepalive pings.
pub(crate) const KEEPALIVE: (Duration, Duration) =
    (Duration::from_secs(60), Duration::from_secs(20));
/// Maximum number of concurrent streams per connection.
const STREAMS: u32 = 128;
/// Maximum number of streams per connection that the client has reset and we haven't
/// processed yet. A client that cancels all its calls at once is no attacker, but would
/// exceed the transport's default, which is lower than [`STREAMS`].
const RESET_STREAMS: usize = 4 * STREAMS as usize;
/// Maximum number of connections while the process isn't ready.
const WAITING_CONNECTIONS: usize = 256;
/// Maximum age of an HTTP/1.1 connection while the process isn't ready.
const WAITING_AGE: Duration = Duration::from_secs(60);
/// Maximum size of a header list in bytes.
pub(crate) const HEADERS: u32 = 16 * 1024;

/// A service to be served: its gRPC services, and the database that readiness depends on.
#[derive(Debug)]
pub struct Service {
    names: Vec<&'static str>,
    routes: Routes,
    pool: PgPool,
}

impl Service {
    /// Creates a service without gRPC services on a database. Of the pool only the
    /// connection options are used.
    pub fn on(pool: PgPool) -> Self {
        Self {
            names: Vec::new(),
            routes: Routes::default(),
            pool,
        }
    }

    /// Adds a gRPC service, which health reports by its name.
    #[must_use]
    pub fn with<S>(self, service: S) -> Self
    where
        S: tower::Service<Request<Body>, Response = Response<Body>, Error = Infallible>
            + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send + 'static,
    {
        let mut names = self.names;
        names.push(S::NAME);
        Self {
            names,
            routes: self.routes.add_service(service),
            pool: self.pool,
        }
    }
}

/// Serves until `stop` and through the lame-duck time that follows, then drains calls
/// until six seconds after `stop`.
///
/// # Errors
/// Returns an error if the transport can't be set up.
pub async fn serve(
    service: Service,
    listener: TcpListener,
    args: &ServerArgs,
    verifier: Arc<Verifier>,
    stop: CancellationToken,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let (reporter, health) = tonic_health::server::health_reporter();
    let mut routes = service.routes.add_service(health);
    if args.reflection {
        let described = Described::of(&service.names)?;
        routes = routes
            .add_service(described.builder().build_v1()?)
            .add_service(described.builder().build_v1alpha()?);
    }
    // Not ready until the first probe: tonic reports `""` as serving by default.
    health::report(&reporter, &service.names, false).await;
    let readiness = tokio::spawn(health::watch(
        reporter,
        service.names,
        service.pool,
        stop.clone(),
    ));
    let lame_duck = Duration::from_secs(args.lame_duck_seconds);
    // Readiness is withdrawn at once, but calls are still served, so that clients and
    // load balancers can move to other replicas.
    let closing = CancellationToken::new();
    let (ending, end) = (stop.clone(), closing.clone());
    let end = async move {
        ending.cancelled().await;
        tokio::time::sleep(lame_duck).await;
        end.cancel();
    };
    let serving = transport(routes, listener, args, verifier, closing, end);
    // The graceful shutdown waits for every open stream; this timer bounds it.
    let drained = async {
        stop.cancelled().await;
        tokio::time::sleep(DRAIN_TIMEOUT.max(lame_duck)).await;
    };
    let served = tokio::select! {
        served = serving => served,
        () = drained => Ok(()),
    };
    readiness.abort();
    Ok(served?)
}

/// Serves routes behind the layer stack until `end` completes and all connections are
/// closed; those over HTTP/1.1 are asked to close by `closing`.
async fn transport(
    routes: Routes,
    listener: TcpListener,
    args: &ServerArgs,
    verifier: Arc<Verifier>,
    closing: CancellationToken,
    end: impl Future<Output = ()>,
) -> Result<(), tonic::transport::Error> {
    let calls = ServiceBuilder::new()
        .option_layer(args.web())
        .layer(column(args, verifier))
        .service(routes.prepare());
    // A connection that has reached its age accepts no new calls; those in flight
    // complete. No grace period: it would cut off calls in flight, and let new ones in
    // until it ends. The jitter spreads reconnects over time.
    let age = Duration::from_secs(args.connection_seconds).mul_f64(rand::random_range(0.8..1.2));
    let http1 = Http1::new(args.web().map(|_| calls.clone()), age, closing);
    let connections = http1.connections();
    tonic::transport::Server::builder()
        .max_connection_age(age)
        .http2_keepalive_interval(Some(KEEPALIVE.0))
        .http2_keepalive_timeout(Some(KEEPALIVE.1))
        .max_concurrent_streams(STREAMS)
        .http2_max_pending_accept_reset_streams(Some(RESET_STREAMS))
        .http2_max_header_list_size(HEADERS)
        .serve_with_incoming_shutdown(
            calls,
            incoming(listener, args.max_client_connections, http1),
            end,
        )
        .await?;
    connections.close();
    connections.wait().await;
    Ok(())
}

/// Serves only health, live but not ready, until `ready` completes.
///
/// # Errors
/// Returns an error if the transport can't be set up.
pub async fn live(
    listener: TcpListener,
    args: &ServerArgs,
    ready: impl Future<Output = ()>,
) -> Result<(), tonic::transport::Error> {
    let (reporter, health) = tonic_health::server::health_reporter();
    health::lives(&reporter).await;
    health::measured().record(0, &[]);
    reporter
        .set_service_status("", ServingStatus::NotServing)
        .await;
    let explain = not_ready_yet as fn(Response<Body>) -> Response<Body>;
    let calls = ServiceBuilder::new()
        .option_layer(args.web())
        .layer(MapResponseLayer::new(explain))
        .service(Routes::new(health).prepare());
    let closing = CancellationToken::new();
    let http1 = Http1::new(
        args.web().map(|_| calls.clone()),
        WAITING_AGE,
        closing.clone(),
    );
    let incoming = incoming(listener, WAITING_CONNECTIONS, http1);
    let ready = async {
        ready.await;
        closing.cancel();
    };
    tonic::transport::Server::builder()
        .serve_with_incoming_shutdown(calls, incoming, ready)
        .await
}

/// Replaces `UNIMPLEMENTED` by `UNAVAILABLE`: the methods exist, but aren't served yet.
fn not_ready_yet(answer: Response<Body>) -> Response<Body> {
    match Status::from_header_map(answer.headers()) {
        Some(status) if status.code() == Code::Unimplemented => Status::from(Refusal::unavailable(
            Reason::DatabaseUnavailable,
            "the database is not up to date yet",
            Duration::from_secs(1),
        ))
        .into_http(),
        _ => answer,
    }
}
