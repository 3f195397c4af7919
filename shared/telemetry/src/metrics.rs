//! Serves metrics for a Prometheus server to scrape. It defines no metric itself.

use std::net::SocketAddr;

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::get,
};
use opentelemetry_prometheus::PrometheusExporter;
use prometheus::{Encoder as _, Registry, TextEncoder};

/// The `/metrics` page over a registry.
#[derive(Debug, Clone, Default)]
pub(crate) struct Page(Registry);

impl Page {
    /// Returns a metrics reader that exports to this page.
    ///
    /// # Errors
    /// None that can occur with a new registry.
    pub(crate) fn reader(
        &self,
    ) -> Result<PrometheusExporter, opentelemetry_sdk::error::OTelSdkError> {
        opentelemetry_prometheus::exporter()
            .with_registry(self.0.clone())
            .build()
    }

    /// Serves `/metrics` until the process exits.
    ///
    /// # Errors
    /// Returns an error if the address can't be bound.
    pub(crate) fn serve(self, address: SocketAddr) -> std::io::Result<()> {
        let explain = |error: std::io::Error| {
            std::io::Error::new(error.kind(), format!("metrics on {address}: {error}"))
        };
        let listener = std::net::TcpListener::bind(address).map_err(explain)?;
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let router = Router::new().route("/metrics", get(tell)).with_state(self);
        tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "metrics are no longer served");
            }
        });
        Ok(())
    }
}

async fn tell(State(page): State<Page>) -> Response {
    let encoder = TextEncoder::new();
    let mut text = Vec::new();
    match encoder.encode(&page.0.gather(), &mut text) {
        Ok(()) => ([(CONTENT_TYPE, encoder.format_type().to_owned())], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "metrics can't be encoded");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
