//! Serves a service on a listener until it is stopped, with a shutdown that is bounded
//! even if clients don't cooperate.

use std::{convert::Infallible, sync::Arc, time::Duration};

use http::{Request, Response};
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status, body::Body, server::NamedService, service::Routes};
use tonic_health::ServingStatus;
use tower::util::MapResponseLayer;
use wangge_api::refusal::{Reason, Refusal};
use wangge_auth::Verifier;

use crate::{args::ServerArgs, column::column, health, incoming::incoming};

/// Maximum time for draining calls after `stop`, lame-duck time included. Without it, an
/// idle client or an open watch would block the shutdown forever. The rest of the ten
/// seconds that a process has is for pools and telemetry.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(6);
/// Interval and timeout of HTTP/2 keepalive pings.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(20));
/// Maximum number of concurrent streams per connection.
const STREAMS: u32 = 128;
/// Maximum number of streams per connection that the client has reset and we haven't
/// processed yet. A client that cancels all its calls at once is no attacker, but would
/// exceed the transport's default, which is lower than [`STREAMS`].
const RESET_STREAMS: usize = 4 * STREAMS as usize;
/// Maximum number of connections while the process isn't ready.
const WAITING_CONNECTIONS: usize = 256;
/// Maximum size of a header list in bytes.
const HEADERS: u32 = 16 * 1024;

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
        // Many clients still use the service's original name, v1alpha.
        routes = routes
            .add_service(reflection().build_v1()?)
            .add_service(reflection().build_v1alpha()?);
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
    let ending = stop.clone();
    let end = async move {
        ending.cancelled().await;
        tokio::time::sleep(lame_duck).await;
    };
    // A connection that has reached its age accepts no new calls; those in flight
    // complete. No grace period: it would cut off calls in flight, and let new ones in
    // until it ends. The jitter spreads reconnects over time.
    let age = Duration::from_secs(args.connection_seconds);
    let serving = tonic::transport::Server::builder()
        .max_connection_age(age.mul_f64(rand::random_range(0.8..1.2)))
        .http2_keepalive_interval(Some(KEEPALIVE.0))
        .http2_keepalive_timeout(Some(KEEPALIVE.1))
        .max_concurrent_streams(STREAMS)
        .http2_max_pending_accept_reset_streams(Some(RESET_STREAMS))
        .http2_max_header_list_size(HEADERS)
        .layer(column(args, verifier))
        .add_routes(routes)
        .serve_with_incoming_shutdown(incoming(listener, args.max_client_connections), end);
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

/// Serves only health, live but not ready, until `ready` completes.
///
/// # Errors
/// Returns an error if the transport can't be set up.
pub async fn live(
    listener: TcpListener,
    ready: impl Future<Output = ()>,
) -> Result<(), tonic::transport::Error> {
    let (reporter, health) = tonic_health::server::health_reporter();
    health::lives(&reporter).await;
    health::measured().record(0, &[]);
    reporter
        .set_service_status("", ServingStatus::NotServing)
        .await;
    let explain = not_ready_yet as fn(Response<Body>) -> Response<Body>;
    tonic::transport::Server::builder()
        .layer(MapResponseLayer::new(explain))
        .add_service(health)
        .serve_with_incoming_shutdown(incoming(listener, WAITING_CONNECTIONS), ready)
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

/// Returns a builder with all contracts, comments included.
fn reflection() -> tonic_reflection::server::Builder<'static> {
    tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(wangge_api::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
}
