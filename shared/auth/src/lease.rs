//! Bounds the lifetime of a stream by the validity of its token. A unary call is
//! short and checked once; a stream would outlive its token, the key that signed it
//! and the rights that it grants.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use http::{HeaderMap, Response};
use http_body::{Frame, SizeHint};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use tonic::{Status, body::Body};
use wangge_api::refusal::Refusal;

use crate::keys::Verifier;

/// Interval at which a stream's token is verified again.
const CHECK_INTERVAL: Duration = Duration::from_secs(5);

/// The token that authorises a stream.
#[derive(Clone)]
pub(crate) struct Lease {
    verifier: Arc<Verifier>,
    token: Arc<str>,
}

impl Lease {
    /// Creates a lease that lasts while `verifier` accepts the token.
    pub(crate) fn new(verifier: Arc<Verifier>, token: &str) -> Self {
        Self {
            verifier,
            token: token.into(),
        }
    }

    /// Binds a response's stream to the lease: once the token is rejected, the
    /// stream ends with the reason.
    pub(crate) fn bind(self, response: Response<Body>) -> Response<Body> {
        response.map(|body| {
            Body::new(Leased {
                body,
                lease: self,
                checks: checks(),
            })
        })
    }

    fn check(&self) -> Result<(), Refusal> {
        self.verifier.verify(&self.token).map(drop)
    }
}

fn checks() -> Interval {
    let mut checks = interval_at(Instant::now() + CHECK_INTERVAL, CHECK_INTERVAL);
    // A stream that was not polled for a while needs one check, not one per missed
    // tick.
    checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    checks
}

/// A response body that ends once the token is rejected.
struct Leased {
    body: Body,
    lease: Lease,
    checks: Interval,
}

impl Leased {
    /// Resolves to the reason once the token is rejected.
    fn poll_ended(&mut self, context: &mut Context<'_>) -> Poll<Refusal> {
        // Loops until the interval is pending, which registers the waker: a silent
        // stream is woken for its next check.
        loop {
            ready!(self.checks.poll_tick(context));
            if let Err(refusal) = self.lease.check() {
                return Poll::Ready(Refusal {
                    message: format!("{}: resume with a new token", refusal.message),
                    ..refusal
                });
            }
        }
    }
}

impl http_body::Body for Leased {
    type Data = <Body as http_body::Body>::Data;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Status>>> {
        if !self.body.is_end_stream()
            && let Poll::Ready(refusal) = self.poll_ended(context)
        {
            // Dropping the stream notifies its producer.
            self.body = Body::empty();
            let mut trailers = HeaderMap::new();
            let told = Status::from(refusal).add_header(&mut trailers);
            return Poll::Ready(Some(told.map(|()| Frame::trailers(trailers))));
        }
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, time::SystemTime};

    use http_body_util::{BodyExt as _, StreamBody};
    use tonic::Code;
    use uuid::Uuid;

    use super::*;
    use crate::{
        claims::Claims,
        issuer::{AUDIENCE, ISSUER, Issuer},
        keys::Keys,
    };

    /// Creates a token that is valid for some seconds, leeway included.
    fn token(issuer: &Issuer, seconds: i64) -> String {
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap()
            .as_secs();
        let claims = Claims {
            iss: ISSUER.into(),
            aud: AUDIENCE.into(),
            sub: "screen-1".into(),
            exp: now.saturating_add_signed(seconds - 30),
            nbf: now - 3600,
            roles: vec!["system".into()],
            area: Some(String::new()),
            unit: None,
        };
        issuer.token(&claims).unwrap()
    }

    /// Creates a stream that sends nothing and never ends.
    fn silent(lease: Lease) -> Body {
        let frames = futures::stream::pending::<Result<Frame<_>, Status>>();
        lease
            .bind(Response::new(Body::new(StreamBody::new(frames))))
            .into_body()
    }

    async fn end(mut stream: Body) -> Status {
        let frame = stream.frame().await.unwrap().unwrap();
        let status = Status::from_header_map(frame.trailers_ref().unwrap()).unwrap();
        assert!(stream.frame().await.is_none());
        status
    }

    #[tokio::test]
    async fn a_stream_ends_with_its_token() {
        let issuer = Issuer::generate().unwrap();
        let verifier =
            Verifier::from_jwks(issuer.jwks(), vec![ISSUER.into()], AUDIENCE.into()).unwrap();
        let lease = Lease::new(Arc::new(verifier), &token(&issuer, 2));
        assert!(lease.check().is_ok());
        let status = end(silent(lease)).await;
        assert_eq!(status.code(), Code::Unauthenticated);
        assert!(status.message().ends_with("resume with a new token"));
    }

    #[tokio::test]
    async fn a_stream_ends_when_its_key_is_taken_away() {
        let folder = std::env::temp_dir().join(format!("wangge-lease-{}", Uuid::now_v7()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("jwks.json");
        let (old, new) = (Issuer::generate().unwrap(), Issuer::generate().unwrap());
        fs::write(&path, old.jwks()).unwrap();
        let verifier = Verifier::from_file(
            path.clone(),
            Keys::Any,
            vec![ISSUER.into()],
            AUDIENCE.into(),
        );
        let lease = Lease::new(Arc::new(verifier.unwrap()), &token(&old, 3600));
        assert!(lease.check().is_ok());
        let replaced = folder.join("new.json");
        fs::write(&replaced, new.jwks()).unwrap();
        let later = SystemTime::now() + Duration::from_secs(10);
        fs::File::options()
            .write(true)
            .open(&replaced)
            .unwrap()
            .set_modified(later)
            .unwrap();
        fs::rename(&replaced, &path).unwrap();
        let status = end(silent(lease)).await;
        assert_eq!(status.code(), Code::Unauthenticated);
        fs::remove_dir_all(folder).unwrap();
    }

    #[tokio::test]
    async fn a_stream_with_a_good_token_is_passed_on() {
        let issuer = Issuer::generate().unwrap();
        let verifier =
            Verifier::from_jwks(issuer.jwks(), vec![ISSUER.into()], AUDIENCE.into()).unwrap();
        let lease = Lease::new(Arc::new(verifier), &token(&issuer, 3600));
        let sent = http_body_util::Full::new("a message".into());
        let bound = lease.bind(Response::new(Body::new(sent)));
        let read = bound.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(read, "a message");
    }
}
