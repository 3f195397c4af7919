//! Serves a service on a listener until it is told to stop, and stops in time
//! whatever its clients do.

use std::{sync::Arc, time::Duration};

use http::Response;
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status, body::Body, service::Routes};
use tonic_health::ServingStatus;
use tower::util::MapResponseLayer;
use wangge_api::refusal::{Reason, Refusal};
use wangge_auth::Verifier;

use crate::{args::ServerArgs, column::column, health, incoming::incoming};

/// How long calls may take to end once the server is to stop. An idle client
/// or an open watch would hold it for good. The time as a lame duck is part of it.
/// What is left of ten seconds is for pools and telemetry.
const DRAIN: Duration = Duration::from_secs(6);
/// How often a silent client is asked whether it lives, and how long it may
/// take to say so.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(20));
/// Streams on one connection.
const STREAMS: u32 = 128;
/// Streams of one connection that its client has reset and we have not looked at
/// yet. One that gives up all its calls at once is no attacker; the transport's own
/// limit is less than the calls that it may have.
const RESET_STREAMS: usize = 4 * STREAMS as usize;
/// Connections while the process is not ready yet.
const WAITING_CONNECTIONS: usize = 256;
/// Bytes of headers.
const HEADERS: u32 = 16 * 1024;

/// What is served.
#[derive(Debug)]
pub struct Service {
    /// Full names of the services, for health.
    pub names: &'static [&'static str],
    /// Their handlers.
    pub routes: Routes,
    /// A pool of the database on which readiness depends; it is asked over a
    /// connection of its own.
    pub pool: PgPool,
}

/// Serves until `stop`, and for as long as is set behind it, then lets calls end
/// until six seconds are over.
///
/// # Errors
/// When the transport can't be set up.
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
        // Many clients still ask by the name that reflection had at first.
        routes = routes
            .add_service(reflection().build_v1()?)
            .add_service(reflection().build_v1alpha()?);
    }
    // Ready is what has been asked, not what nobody has asked yet.
    health::report(&reporter, service.names, false).await;
    let readiness = tokio::spawn(health::watch(
        reporter,
        service.names,
        service.pool,
        stop.clone(),
    ));
    let lame_duck = Duration::from_secs(args.lame_duck_seconds);
    // Not ready at once, but still serving: who asks goes elsewhere meanwhile.
    let ending = stop.clone();
    let end = async move {
        ending.cancelled().await;
        tokio::time::sleep(lame_duck).await;
    };
    // A connection that is old enough takes no new calls; those on it end by
    // themselves. A grace would cut them off, and keep new ones coming until then.
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
    let drained = async {
        stop.cancelled().await;
        tokio::time::sleep(DRAIN.max(lame_duck)).await;
    };
    let served = tokio::select! {
        served = serving => served,
        () = drained => Ok(()),
    };
    readiness.abort();
    Ok(served?)
}

/// Answers that the process lives and is not ready, until `ready`.
///
/// # Errors
/// When the transport can't be set up.
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

/// Methods that are not served yet are not unknown.
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

/// What clients learn by asking: the contracts, with their comments.
fn reflection() -> tonic_reflection::server::Builder<'static> {
    tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(wangge_api::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
}
