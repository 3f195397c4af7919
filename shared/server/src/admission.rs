//! Admission control. A unary call acquires a slot once its whole request has arrived,
//! and holds it until its work has finished, even if the caller disconnects. A call that
//! exceeds the limit on slots, the caller's share or the memory budget is rejected at
//! once rather than queued, so that it doesn't slow down all others. Streams hold no
//! slot: import streams are limited in number here, feed readers where feeds are served.

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
    refusal::{Reason, Refusal, Rule},
};
use wangge_auth::{Caller, scope::RecordScope};

use crate::{
    args::ServerArgs,
    column::is_stream,
    shares::{Full, Share, Shares},
};

/// Retry delay suggested to a caller whose call was shed.
const RETRY_AFTER: Duration = Duration::from_millis(200);
/// Timeout for reading the body of a request.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// Maximum size of a request body in bytes: the largest message plus its gRPC frame
/// header.
const MAX_BODY: usize = 4 * 1024 * 1024 + 5;
/// Limits on request bytes held in memory: total and per caller.
const BODY_BYTES: (usize, usize) = (64 * 1024 * 1024, 16 * 1024 * 1024);
/// Limits on concurrent import streams: total and per caller. Each stream buffers a batch
/// of rows.
const IMPORTS: (usize, usize) = (16, 4);

/// A [`Layer`] that applies admission control to a service.
#[derive(Debug, Clone)]
pub struct AdmissionLayer(Arc<Limits>);

#[derive(Debug)]
struct Limits {
    /// Calls in flight.
    calls: Arc<Shares>,
    /// Calls whose request hasn't fully arrived.
    arriving: Arc<Shares>,
    /// Request bytes held in memory.
    bytes: Arc<Shares>,
    imports: Arc<Shares>,
    shed: Counter<u64>,
}

/// The capacity that a call holds while it is in flight.
#[derive(Debug)]
struct Slot {
    _call: Share,
    _bytes: Share,
}

impl AdmissionLayer {
    /// Creates the layer with the limits of a server.
    pub fn new(args: &ServerArgs) -> Self {
        let (all, per_caller) = (args.max_in_flight, args.max_in_flight_per_caller);
        let limits = Arc::new(Limits {
            calls: Shares::new(all, per_caller),
            // An open request costs little, and less than a rejected one that the client
            // sends again.
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
                "Calls in flight, not counting streams.",
                limits.calls.clone(),
            ),
            (
                "wangge.calls.arriving",
                "Calls whose request has not been fully received yet.",
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
        // Creates each series at zero, so that its first shed call counts as an increase.
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

/// A service behind admission control.
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
        // Without a caller the method needs no token; such methods read memory only.
        let Some(caller) = known.map(|(caller, _)| Arc::<str>::from(caller.key.as_str())) else {
            return Box::pin(self.inner.call(request));
        };
        let path = request.uri().path();
        if policy(path).is_some_and(|policy| policy.client_streaming) {
            return self.import(&caller, request);
        }
        if is_stream(path) {
            // Feed readers are limited where feeds are served; see the module's
            // documentation.
            return Box::pin(self.inner.call(request));
        }
        let limits = self.limits.clone();
        // `poll_ready` was called on `self.inner`, so that instance must serve this call;
        // the clone replaces it.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        Box::pin(async move {
            match limits.admit(&caller, request).await {
                Ok((request, slot)) => {
                    // The context carries the slot into work that is spawned for the
                    // call, which keeps running after the caller disconnects.
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
    /// Admits an import stream; the work spawned for it holds its share.
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
                let refusal = self.limits.shed("imports", "too many concurrent imports");
                Box::pin(async { Ok(Status::from(refusal).into_http()) })
            }
        }
    }
}

impl Limits {
    /// Reads the whole request, then acquires a slot for its call.
    async fn admit(
        &self,
        caller: &Arc<str>,
        request: Request<Body>,
    ) -> Result<(Request<Body>, Slot), Refusal> {
        let arriving = self
            .arriving
            .take(caller, 1)
            .map_err(|full| self.full("bodies", full))?;
        // Starts at zero and grows by frame: memory is charged for the bytes that
        // arrived, not for what a client announces.
        let mut share = self
            .bytes
            .take(caller, 0)
            .map_err(|full| self.full("bytes", full))?;
        let (parts, body) = request.into_parts();
        let body = tokio::time::timeout(BODY_TIMEOUT, self.read(body, &mut share))
            .await
            .map_err(|_| late())??;
        // Acquired only now, so that requests whose body never arrives can't occupy the
        // slots.
        let call = self
            .calls
            .take(caller, 1)
            .map_err(|full| self.full("calls", full))?;
        // Released after the slot was acquired: the call counts against a limit at all
        // times.
        drop(arriving);
        let slot = Slot {
            _call: call,
            _bytes: share,
        };
        let body = Body::new(FullBody::new(body));
        Ok((Request::from_parts(parts, body), slot))
    }

    /// Collects the body, charging each frame to `share` before it is copied.
    async fn read(&self, mut body: Body, share: &mut Share) -> Result<Bytes, Refusal> {
        let mut whole = BytesMut::new();
        while let Some(frame) = body.frame().await {
            // Trailers carry no message.
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
            Full::Caller => self.shed("caller", "too many concurrent calls by this caller"),
            Full::All => self.shed(limit, "too many concurrent calls"),
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
    Refusal::field("", Rule::GrpcMessageSize, "must be at most 4 MiB")
}

fn broken_off(status: &Status) -> Refusal {
    Refusal::field("", Rule::GrpcFrame, status.message())
}
