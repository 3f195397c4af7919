//! Calls as raw bytes: arbitrary bodies and headers, and the unprocessed response.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use http::{HeaderMap, Request, header};
use http_body::{Body as _, Frame};
use prost::bytes::{Buf as _, Bytes};
use tonic::{Code, Status, body::Body, transport::Channel};
use tower::{Service as _, ServiceExt as _};
use wangge_client::retry::may_succeed_later;
use wangge_testkit::{GENERAL, documented, precondition};

use crate::until;

/// The response to a raw call.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status; 0 if the connection was lost.
    pub http: u16,
    /// gRPC status; `UNKNOWN` with the text `no status` if there was none.
    pub status: Status,
    /// The response messages, still encoded.
    pub messages: Vec<Bytes>,
}

impl Answer {
    /// Returns the gRPC status code.
    pub fn code(&self) -> Code {
        self.status.code()
    }

    /// Returns the reason; empty if the call succeeded or the error has no `ErrorInfo`.
    pub fn reason(&self) -> String {
        use tonic_types::StatusExt as _;
        self.status
            .get_details_error_info()
            .map(|info| info.reason)
            .unwrap_or_default()
    }

    /// Returns everything that lets a caller distinguish one refusal from another, with
    /// the name that the caller passed replaced by `*`.
    pub fn told(&self, given: &str) -> (Code, String, String) {
        use tonic_types::StatusExt as _;
        let hide = |text: String| {
            if given.is_empty() {
                text
            } else {
                text.replace(given, "*")
            }
        };
        let message = hide(self.status.message().to_owned());
        (
            self.code(),
            message,
            hide(format!("{:?}", self.status.get_error_details())),
        )
    }
}

/// Encodes a message as a gRPC frame.
pub fn frame(message: &[u8]) -> Bytes {
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    [&[0][..], &length.to_be_bytes(), message].concat().into()
}

/// Builds a request as gRPC clients do, with an arbitrary body.
///
/// # Panics
/// Panics if the path is invalid.
pub fn request(path: &str, token: Option<&str>, body: Bytes) -> Request<Body> {
    let mut request = Request::post(path)
        .header(header::CONTENT_TYPE, "application/grpc")
        .header(header::TE, "trailers");
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    request
        .body(Body::new(Once(Some(body))))
        .expect("a request")
}

/// Calls a method with one message.
pub async fn call(channel: &Channel, token: Option<&str>, path: &str, message: &[u8]) -> Answer {
    send(channel, request(path, token, frame(message))).await
}

/// Calls an idempotent method, and retries until the response is final.
pub async fn settle(channel: &Channel, token: Option<&str>, path: &str, message: &[u8]) -> Answer {
    until(|| async {
        let answer = call(channel, token, path, message).await;
        let passing = answer.http == 0 || may_succeed_later(&answer.status);
        (!passing).then_some(answer)
    })
    .await
}

/// Sends a request and reads the whole response.
pub async fn send(channel: &Channel, request: Request<Body>) -> Answer {
    let path = request.uri().path().to_owned();
    let mut channel = channel.clone();
    let answer = match channel.ready().await {
        Ok(channel) => channel.call(request).await,
        Err(error) => Err(error),
    };
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => {
            return Answer {
                http: 0,
                status: lost(&error),
                messages: Vec::new(),
            };
        }
    };
    let (parts, mut body) = answer.into_parts();
    let mut status = Status::from_header_map(&parts.headers);
    let mut bytes = Vec::new();
    while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        match frame {
            Ok(frame) => take(frame, &mut bytes, &mut status),
            Err(error) => {
                status = Some(lost(&error));
                break;
            }
        }
    }
    let answer = Answer {
        http: parts.status.as_u16(),
        status: status.unwrap_or_else(|| Status::unknown("no status")),
        messages: messages(bytes.into()),
    };
    assert_documented(&path, &answer);
    answer
}

/// Asserts that the contract documents an error: in the comment of the method, or as one
/// that any method can return.
///
/// # Panics
/// Panics if it doesn't.
fn assert_documented(path: &str, answer: &Answer) {
    let reason = answer.reason();
    let is_general = GENERAL.iter().any(|one| one.name() == reason);
    // A path that isn't in the contracts has no comment: a health check, or nonsense.
    let Some(listed) = documented(path).filter(|_| !reason.is_empty() && !is_general) else {
        return;
    };
    assert!(listed.reasons.contains(&reason), "{path}: {answer:?}");
    let guard = precondition(&answer.status).filter(|guard| guard != "STATE");
    let is_listed = guard.is_none_or(|guard| listed.guards.contains(&guard));
    assert!(is_listed, "{path}: {answer:?}");
}

fn take(frame: Frame<Bytes>, bytes: &mut Vec<u8>, status: &mut Option<Status>) {
    match frame.into_data() {
        Ok(data) => bytes.extend_from_slice(&data),
        Err(frame) => {
            let trailers: HeaderMap = frame.into_trailers().unwrap_or_default();
            *status = Status::from_header_map(&trailers).or(status.take());
        }
    }
}

/// Returns the status of a call whose connection or stream was lost.
fn lost(error: &dyn std::error::Error) -> Status {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    Status::cancelled(format!("broken off: {text}"))
}

fn messages(mut bytes: Bytes) -> Vec<Bytes> {
    let mut messages = Vec::new();
    while bytes.len() >= 5 {
        bytes.advance(1);
        let length = usize::try_from(bytes.get_u32())
            .unwrap_or(usize::MAX)
            .min(bytes.len());
        messages.push(bytes.split_to(length));
    }
    messages
}

/// A body that consists of one frame.
struct Once(Option<Bytes>);

impl http_body::Body for Once {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }
}

/// Sends a request over a connection of its own, without a client that could produce a
/// status itself (by its timeout, above all). Returns the server's status.
///
/// # Errors
/// Returns an error if the connection breaks or the server resets the stream.
/// When the connection breaks, or the server resets the stream.
pub async fn over_h2(url: &str, request: Request<()>, body: Bytes) -> Result<Status, h2::Error> {
    let address = url.trim_start_matches("http://");
    let stream = tokio::net::TcpStream::connect(address).await.map_err(io)?;
    let (client, connection) = h2::client::handshake(stream).await?;
    let connection = tokio::spawn(connection);
    let mut client = client.ready().await?;
    let (answer, mut sending) = client.send_request(request, false)?;
    sending.send_data(body, true)?;
    let (parts, mut body) = answer.await?.into_parts();
    while let Some(data) = body.data().await {
        let _ = body.flow_control().release_capacity(data?.len());
    }
    let trailers = body.trailers().await?.unwrap_or_default();
    connection.abort();
    let told = Status::from_header_map(&parts.headers).or(Status::from_header_map(&trailers));
    Ok(told.unwrap_or_else(|| Status::unknown("no status")))
}

fn io(error: std::io::Error) -> h2::Error {
    // `h2::Error` has no constructor for I/O errors.
    let _ = error;
    h2::Reason::CONNECT_ERROR.into()
}
