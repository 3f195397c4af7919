//! One trace spans services, is exported to a collector, and contains no personal data.

use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
    trace::v1::Span,
};
use prost::Message as _;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status, metadata::MetadataValue};
use wangge_api::{
    organization::v1::UnitKind,
    policy::Role,
    reporting::v1::{GetCaseTableRequest, report_service_client::ReportServiceClient},
    tickets::v1::{CreateTicketRequest, DispatchTicketRequest, FileTicketRequest, Ticket},
    types::v1::RecordVersion,
};
use wangge_tests::{
    DataDir, Service, Wangge,
    city::{COMMUNITY, PLACE, TITLE, make_ground, make_unit, report, request_id, tickets},
    until,
};

/// Description of the ticket.
const DESCRIPTION: &str = "雨后掉下来一大块，差点砸到王老师";
/// The trace id and parent span id that the test sends.
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

/// A collector that stores the requests that it receives.
#[derive(Debug, Clone, Default)]
struct Collector(Arc<Mutex<Vec<ExportTraceServiceRequest>>>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        self.0.lock().expect("no panic").push(request.into_inner());
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Collector {
    async fn start() -> (Self, String) {
        let collector = Self::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let serving = tonic::transport::Server::builder()
            .add_service(TraceServiceServer::new(collector.clone()))
            .serve_with_incoming(TcpListenerStream::new(listener));
        tokio::spawn(serving);
        (collector, url)
    }

    fn spans(&self) -> Vec<Span> {
        let requests = self.0.lock().expect("no panic");
        let resources = requests.iter().flat_map(|request| &request.resource_spans);
        let scopes = resources.flat_map(|resource| &resource.scope_spans);
        scopes.flat_map(|scope| scope.spans.clone()).collect()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns a request within the test's trace.
fn traced<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    let value = MetadataValue::try_from(format!("00-{TRACE}-{PARENT}-01")).expect("a value");
    request.metadata_mut().insert("traceparent", value);
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_goes_from_a_call_to_the_figures() {
    let (collector, url) = Collector::start().await;
    let data_dir = DataDir::new();
    let environment = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str()),
        ("OTEL_TRACES_SAMPLER_ARG", "1"),
    ];
    let up = Wangge::up(&data_dir, &[], &environment).await;
    make_ground(&up).await;
    let unit = make_unit(&up, "LEAD", UnitKind::Department, COMMUNITY).await;
    let ticket = work(&up, &unit.to_string()).await;
    // Wait until reporting has applied all events.
    let reports = ReportServiceClient::new(up.everywhere(Service::Reporting, Role::Leader));
    let request = GetCaseTableRequest {
        area_code: COMMUNITY.to_owned(),
        at_least: vec![RecordVersion {
            record_id: ticket.id.clone(),
            revision: ticket.revision,
        }],
        ..Default::default()
    };
    until(|| {
        let (mut reports, request) = (reports.clone(), request.clone());
        async move { reports.get_case_table(request).await.ok() }
    })
    .await;
    let (ended, stderr) = up.terminate().await;
    assert!(ended.success(), "{ended}: {}", stderr.text());

    let all = collector.spans();
    let ours: Vec<&Span> = all
        .iter()
        .filter(|span| hex(&span.trace_id) == TRACE)
        .collect();
    for method in ["CreateTicket", "FileTicket", "DispatchTicket"] {
        let name = format!("wangge.tickets.v1.TicketService/{method}");
        // Dispatching is refused, and retried, until the unit is known.
        let done = |span: &Span| {
            span.name == name && attribute(span, "rpc.response.status_code").contains("\"OK\"")
        };
        let call = ours.iter().find(|span| done(span));
        let call =
            call.unwrap_or_else(|| panic!("{method} is not in the trace: {:?}", names(&ours)));
        assert_eq!(hex(&call.parent_span_id), PARENT, "{method}");
        // Reporting applied the event as a child of the call that wrote it.
        let applied = ours
            .iter()
            .filter(|span| span.parent_span_id == call.span_id);
        let applied: Vec<_> = applied.filter(|span| span.name == "apply").collect();
        assert_eq!(applied.len(), 1, "{method}: {:?}", names(&ours));
        let source = attribute(applied[0], "messaging.source.name");
        assert!(source.contains("tickets"), "{method}: {source}");
        // The trace includes statements, without their parameters.
        let statement = ours.iter().find(|span| {
            span.parent_span_id == applied[0].span_id
                && attribute(span, "db.system.name").contains("postgresql")
        });
        let statement = statement.unwrap_or_else(|| panic!("{method}: {:?}", names(&ours)));
        let text = attribute(statement, "db.query.text");
        assert!(!text.is_empty() && statement.kind == 3, "{method}: {text}");
    }
    nothing_personal(&collector, &stderr.text());
}

/// Reports, files and dispatches a ticket within the test's trace.
async fn work(up: &Wangge, unit: &str) -> Ticket {
    let mut dispatcher = tickets(up, Role::Dispatcher, "", None);
    let ticket = Ticket {
        description: DESCRIPTION.to_owned(),
        ..report()
    };
    let request = CreateTicketRequest {
        request_id: request_id(),
        ticket: Some(ticket),
    };
    let ticket = dispatcher
        .create_ticket(traced(request))
        .await
        .expect("a ticket")
        .into_inner();
    let request = FileTicketRequest {
        request_id: request_id(),
        ticket_id: ticket.id.clone(),
        ..Default::default()
    };
    dispatcher
        .file_ticket(traced(request))
        .await
        .expect("filed");
    until(|| {
        let mut dispatcher = dispatcher.clone();
        let request = DispatchTicketRequest {
            request_id: request_id(),
            ticket_id: ticket.id.clone(),
            lead_unit_id: unit.to_owned(),
            ..Default::default()
        };
        async move { dispatcher.dispatch_ticket(traced(request)).await.ok() }
    })
    .await
    .into_inner()
}

fn names(spans: &[&Span]) -> Vec<String> {
    spans.iter().map(|span| span.name.clone()).collect()
}

fn attribute(span: &Span, name: &str) -> String {
    let found = span
        .attributes
        .iter()
        .find(|attribute| attribute.key == name);
    format!("{:?}", found.and_then(|attribute| attribute.value.clone()))
}

/// Asserts that no text of the ticket appears in exported spans or in the log.
fn nothing_personal(collector: &Collector, log: &str) {
    let requests = collector.0.lock().expect("no panic");
    assert!(!requests.is_empty(), "nothing was sent");
    for text in [TITLE, PLACE, DESCRIPTION] {
        let sent = requests.iter().any(|request| {
            let bytes = request.encode_to_vec();
            bytes
                .windows(text.len())
                .any(|part| part == text.as_bytes())
        });
        assert!(!sent, "{text} was sent to the collector");
        assert!(!log.contains(text), "{text} was logged");
    }
}
