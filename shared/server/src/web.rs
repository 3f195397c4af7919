//! Browsers: gRPC-Web, and the pages (origins) that may call. Translates between gRPC-Web
//! and gRPC in front of the layer stack, so that every layer applies to both alike, and
//! responds to CORS preflights. It authorises nobody: an origin isn't a caller.

use std::{str::FromStr, time::Duration};

use http::{
    HeaderName, HeaderValue, Method, Response, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use tonic::body::Body;
use tonic_web::GrpcWebLayer;
use tower::{
    layer::util::{Identity, Stack},
    util::MapResponseLayer,
};
use tower_http::cors::{AllowOrigin, CorsLayer};
use url::Url;

use crate::http1::explained;

/// Request headers that a page may set: the token, and what gRPC-Web libraries and
/// tracing add.
const ALLOWED: [HeaderName; 8] = [
    AUTHORIZATION,
    CONTENT_TYPE,
    HeaderName::from_static("grpc-timeout"),
    HeaderName::from_static("x-grpc-web"),
    HeaderName::from_static("x-user-agent"),
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("tracestate"),
    HeaderName::from_static("baggage"),
];
/// Response headers that a page may read: the status of a call without a message.
const EXPOSED: [HeaderName; 3] = [
    HeaderName::from_static("grpc-status"),
    HeaderName::from_static("grpc-message"),
    HeaderName::from_static("grpc-status-details-bin"),
];
/// How long a browser may remember the answer to a preflight; Chromium's maximum.
const MAX_AGE: Duration = Duration::from_secs(2 * 60 * 60);

/// The origins whose pages may call from a browser; by default none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WebOrigins(Vec<Origin>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Origin {
    Any,
    Only(HeaderValue),
}

impl FromStr for WebOrigins {
    type Err = String;

    /// Reads a comma-separated list of origins. An empty text is an empty list: an
    /// environment passes a variable that isn't set on as empty.
    fn from_str(text: &str) -> Result<Self, String> {
        let items = text
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty());
        items.map(origin).collect::<Result<_, _>>().map(Self)
    }
}

fn origin(text: &str) -> Result<Origin, String> {
    if text == "*" {
        return Ok(Origin::Any);
    }
    // A browser compares with what it sends: in lower case, and without the scheme's own
    // port. A pattern would never match.
    let is_sent = Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == text
    });
    let value = HeaderValue::from_str(text).ok();
    let value = value.filter(|_| is_sent && !text.contains('*'));
    value.map(Origin::Only).ok_or_else(|| {
        format!(
            "{text} is not an origin as browsers send it, such as https://pages.example or \
             https://pages.example:8443"
        )
    })
}

impl WebOrigins {
    /// Returns true if there are any.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns true if tokens could be sent by pages that anyone may have changed: those
    /// of any origin, or those that were loaded without TLS.
    pub(crate) fn is_for_development(&self) -> bool {
        self.0.iter().any(|origin| match origin {
            Origin::Any => true,
            Origin::Only(origin) => !origin.as_bytes().starts_with(b"https://"),
        })
    }

    /// Builds the layers in front of the stack; none without origins.
    pub(crate) fn layer(&self) -> Option<Web> {
        if self.is_empty() {
            return None;
        }
        let layers = tower::ServiceBuilder::new()
            .layer(
                CorsLayer::new()
                    .allow_origin(self.allowed())
                    .allow_methods([Method::POST])
                    .allow_headers(ALLOWED)
                    .expose_headers(EXPOSED)
                    .max_age(MAX_AGE),
            )
            .layer(MapResponseLayer::new(
                explain as fn(Response<Body>) -> Response<Body>,
            ))
            .layer(GrpcWebLayer::new());
        Some(layers.into_inner())
    }

    fn allowed(&self) -> AllowOrigin {
        if self.0.contains(&Origin::Any) {
            return AllowOrigin::any();
        }
        AllowOrigin::list(self.0.iter().filter_map(|origin| match origin {
            Origin::Any => None,
            Origin::Only(origin) => Some(origin.clone()),
        }))
    }
}

/// The type of the layers; the innermost one is named first.
pub(crate) type Web = Stack<
    GrpcWebLayer,
    Stack<MapResponseLayer<fn(Response<Body>) -> Response<Body>>, Stack<CorsLayer, Identity>>,
>;

/// Says what the port speaks, where the translation refuses a request with a bare status.
/// A call itself always ends with the HTTP status 200.
fn explain(response: Response<Body>) -> Response<Body> {
    match response.status() {
        StatusCode::BAD_REQUEST => explained(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "This port speaks gRPC over HTTP/2, and gRPC-Web over HTTP/1.1 or HTTP/2: send \
             content-type application/grpc-web+proto, or use a gRPC client.\n",
        ),
        StatusCode::METHOD_NOT_ALLOWED => explained(
            StatusCode::METHOD_NOT_ALLOWED,
            "A gRPC-Web call is a POST.\n",
        ),
        _ => response,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_read_as_browsers_send_them() {
        for (text, count) in [
            ("", 0),
            ("https://pages.example", 1),
            ("https://pages.example, http://localhost:3000", 2),
            ("https://[::1]:8443", 1),
            ("*", 1),
        ] {
            let origins: WebOrigins = text.parse().unwrap();
            assert_eq!(origins.0.len(), count, "{text}");
            assert_eq!(origins.layer().is_none(), count == 0, "{text}");
        }
        for wrong in [
            "pages.example",
            "https://pages.example/",
            "https://pages.example/x",
            "https://Pages.example",
            "https://pages.example:443",
            "http://pages.example:80",
            "https://user@pages.example",
            "ftp://pages.example",
            "https://*.example",
            "https://pages.example;https://other.example",
            "null",
        ] {
            wrong.parse::<WebOrigins>().expect_err(wrong);
        }
    }

    #[test]
    fn any_origin_and_origins_without_tls_are_for_development() {
        let is_for_development =
            |text: &str| text.parse::<WebOrigins>().unwrap().is_for_development();
        assert!(!is_for_development(""));
        assert!(!is_for_development(
            "https://one.example,https://two.example"
        ));
        assert!(is_for_development("https://one.example,*"));
        assert!(is_for_development("http://one.example"));
    }
}
