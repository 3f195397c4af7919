//! Admission of calls: a call gets its slot when all of its request has come,
//! and holds it until its work has ended, whether or not its caller still waits.
//! What no slot, no share or no memory is left for is refused at once, instead of
//! making all the others wait. Streams get no slot: those that send rows are
//! limited in number here, readers of feeds where they are served.

use std::{
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures::future::BoxFuture;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full as FullBody};
use opentelemetry::{KeyValue, global::meter, metrics::Counter};
use prost::bytes::{Bytes, BytesMut};
use tonic::{Status, body::Body};
use tower::{Layer, Service};
use wangge_api::call;
use wangge_api::{
    policy::policy,
    refusal::{Reason, Refusal},
};
use wangge_auth::{Caller, scope::RecordScope};

use crate::{
    args::ServerArgs,
    column::is_stream,
    shares::{Full, Share, Shares},
};

/// Retry delay suggested to a caller whose call was shed.
const RETRY_AFTER: Duration = Duration::from_millis(200);
/// How long the body of a request may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of a request: the largest message, with its frame.
const MAX_BODY: usize = 4 * 1024 * 1024 + 5;
/// Bytes of requests held in memory: in all, and for one caller.
const BODY_BYTES: (usize, usize) = (64 * 1024 * 1024, 16 * 1024 * 1024);
/// Import streams at the same time: in all, and of one caller. Each holds a batch
/// of rows.
const IMPORTS: (usize, usize) = (16, 4);

/// Puts admission before a service.
#[derive(Debug, Clone)]
pub struct AdmissionLayer(Arc<Limits>);

#[derive(Debug)]
struct Limits {
    /// Calls that are worked on.
    calls: Arc<Shares>,
    /// Calls whose request has not come whole yet.
    arriving: Arc<Shares>,
    /// Bytes of requests.
    bytes: Arc<Shares>,
    imports: Arc<Shares>,
    shed: Counter<u64>,
}

/// What a call holds while it is worked on.
#[derive(Debug)]
struct Slot {
    _call: Share,
    _bytes: Share,
}

impl AdmissionLayer {
    /// Admits calls within the limits of a server.
    pub fn new(args: &ServerArgs) -> Self {
        let (all, per_caller) = (args.max_in_flight, args.max_in_flight_per_caller);
        let limits = Arc::new(Limits {
            calls: Shares::new(all, per_caller),
            // An open request costs little, and less than a refused one that is
            // sent again.
            arriving: Shares::new(all.saturating_mul(4), per_caller),
            bytes: Shares::new(BODY_BYTES.0, BODY_BYTES.1),
            imports: Shares::new(IMPORTS.0, IMPORTS.1),
            shed: meter("wangge")
                .u64_counter("wangge.calls.shed")
                .with_description("Calls refused because a limit was reached.")
                .build(),
        });
        let gauges = [
            (
                "wangge.calls.in_flight",
                "Calls that are being worked on; streams are not counted.",
                limits.calls.clone(),
            ),
            (
                "wangge.calls.arriving",
                "Calls whose request has not arrived whole yet.",
                limits.arriving.clone(),
            ),
            (
                "wangge.calls.request_bytes",
                "Bytes of requests held in memory.",
                limits.bytes.clone(),
            ),
            (
                "wangge.imports.open",
                "Import streams that are open.",
                limits.imports.clone(),
            ),
        ];
        for (name, description, shares) in gauges {
            meter("wangge")
                .u64_observable_gauge(name)
                .with_description(description)
                .with_callback(move |to| {
                    to.observe(u64::try_from(shares.used()).unwrap_or(u64::MAX), &[]);
                })
                .build();
        }
        for limit in ["calls", "caller", "bodies", "bytes", "imports"] {
            limits.shed.add(0, &[KeyValue::new("limit", limit)]);
        }
        Self(limits)
    }
}

impl<S> Layer<S> for AdmissionLayer {
    type Service = AdmissionService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        AdmissionService {
            inner,
            limits: self.0.clone(),
        }
    }
}

/// A service behind admission.
#[derive(Debug, Clone)]
pub struct AdmissionService<S> {
    inner: S,
    limits: Arc<Limits>,
}

impl<S> Service<Request<Body>> for AdmissionService<S>
where
    S: Service<Request<Body>, Response = Response<Body>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let known = request.extensions().get::<(Caller, RecordScope)>();
        // Methods that need no token touch nothing but memory.
        let Some(caller) = known.map(|(caller, _)| Arc::<str>::from(caller.key.as_str())) else {
            return Box::pin(self.inner.call(request));
        };
        let path = request.uri().path();
        if policy(path).is_some_and(|policy| policy.client_streaming) {
            return self.import(&caller, request);
        }
        if is_stream(path) {
            return Box::pin(self.inner.call(request));
        }
        let limits = self.limits.clone();
        // The one that is ready is called; its clone is kept.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        Box::pin(async move {
            match limits.admit(&caller, request).await {
                Ok((request, slot)) => {
                    let work = inner.call(request);
                    call::holding(Arc::new(slot), work).await
                }
                Err(refusal) => Ok(Status::from(refusal).into_http()),
            }
        })
    }
}

impl<S> AdmissionService<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    /// Admits a stream of rows; the work that is spawned for it holds its share.
    fn import(
        &mut self,
        caller: &Arc<str>,
        request: Request<Body>,
    ) -> BoxFuture<'static, Result<Response<Body>, S::Error>> {
        match self.limits.imports.take(caller, 1) {
            Ok(share) => {
                let work = self.inner.call(request);
                Box::pin(call::holding(Arc::new(share), work))
            }
            Err(_) => {
                let refusal = self.limits.shed("imports", "too many imports at once");
                Box::pin(async { Ok(Status::from(refusal).into_http()) })
            }
        }
    }
}

impl Limits {
    /// Reads the whole request, then takes a slot for its call.
    async fn admit(
        &self,
        caller: &Arc<str>,
        request: Request<Body>,
    ) -> Result<(Request<Body>, Slot), Refusal> {
        let arriving = self
            .arriving
            .take(caller, 1)
            .map_err(|full| self.full("bodies", full))?;
        let mut share = self
            .bytes
            .take(caller, 0)
            .map_err(|full| self.full("bytes", full))?;
        let (parts, body) = request.into_parts();
        let body = tokio::time::timeout(BODY_TIMEOUT, self.read(body, &mut share))
            .await
            .map_err(|_| late())??;
        let call = self
            .calls
            .take(caller, 1)
            .map_err(|full| self.full("calls", full))?;
        drop(arriving);
        let slot = Slot {
            _call: call,
            _bytes: share,
        };
        let body = Body::new(FullBody::new(body));
        Ok((Request::from_parts(parts, body), slot))
    }

    async fn read(&self, mut body: Body, share: &mut Share) -> Result<Bytes, Refusal> {
        let mut whole = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|status| broken_off(&status))?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            if whole.len() + data.len() > MAX_BODY {
                return Err(too_large());
            }
            share
                .grow(data.len())
                .map_err(|full| self.full("bytes", full))?;
            whole.extend_from_slice(&data);
        }
        Ok(whole.freeze())
    }

    fn full(&self, limit: &'static str, full: Full) -> Refusal {
        match full {
            Full::Caller => self.shed("caller", "too many calls of this caller at once"),
            Full::All => self.shed(limit, "too many calls at once"),
        }
    }

    fn shed(&self, limit: &'static str, what: &str) -> Refusal {
        self.shed.add(1, &[KeyValue::new("limit", limit)]);
        Refusal {
            retry_after: Some(RETRY_AFTER),
            ..Refusal::new(Reason::Overloaded, format!("{what}: try again"))
        }
    }
}

fn late() -> Refusal {
    Refusal::new(
        Reason::DeadlineExceeded,
        "the request did not arrive in time; nothing was done",
    )
}

fn too_large() -> Refusal {
    Refusal::field("", "grpc.message_size", "must be at most 4 MiB")
}

fn broken_off(status: &Status) -> Refusal {
    Refusal::field("", "grpc.frame", status.message())
}
