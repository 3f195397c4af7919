//! Browsers: gRPC-Web from a page of an origin that may call, and from one that may not.

mod browser;

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, header};
use prost::{Message, bytes::Buf as _};
use serde::Deserialize;
use serde_json::json;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;
use wangge_api::{
    events::v1::{SubscribeRequest, SubscribeResponse},
    policy::Role,
    refusal::Reason,
    tickets::v1::{
        CreateTicketRequest, GetTicketRequest, ListTicketsRequest, ListTicketsResponse, Ticket,
    },
};
use wangge_server::ServerArgs;
use wangge_tests::{
    Service, World,
    city::{make_ground, report, request_id},
    raw,
    world::Databases,
};

use browser::Origin;

const CREATE: &str = "/wangge.tickets.v1.TicketService/CreateTicket";
const GET: &str = "/wangge.tickets.v1.TicketService/GetTicket";
const LIST: &str = "/wangge.tickets.v1.TicketService/ListTickets";
const SUBSCRIBE: &str = "/wangge.events.v1.FeedService/Subscribe";

/// What the page reports.
#[derive(Debug, Deserialize)]
struct Seen {
    calls: BTreeMap<String, Answer>,
    followed: Option<Vec<Vec<u8>>>,
    error: Option<String>,
}

/// The answer to one call, as the page read it.
#[derive(Debug, Deserialize)]
struct Answer {
    http: u16,
    status: BTreeMap<String, String>,
    messages: Vec<Vec<u8>>,
}

impl Answer {
    fn status(&self) -> Status {
        let header = |(name, value): (&String, &String)| {
            let name: HeaderName = name.parse().expect("a name");
            (name, value.parse().expect("a value"))
        };
        let headers: HeaderMap = self.status.iter().map(header).collect();
        Status::from_header_map(&headers).expect("a status")
    }

    /// Returns the message of a call that succeeded.
    fn message<M: Message + Default>(&self) -> M {
        let status = self.status();
        assert_eq!((self.http, status.code()), (200, Code::Ok), "{status:?}");
        let [message] = &self.messages[..] else {
            panic!("{} messages", self.messages.len());
        };
        M::decode(message.as_slice()).expect("the message")
    }

    fn reason(&self) -> String {
        let info = self.status().get_details_error_info();
        info.expect("an ErrorInfo").reason
    }
}

/// Starts the services with pages of some origins, and an area that tickets may be of.
async fn world(origins: &str) -> World {
    let args = ServerArgs {
        web_origins: Some(origins.parse().expect("origins")),
        ..ServerArgs::default()
    };
    let world = World::on(Databases::fresh().await, &args).await;
    make_ground(&world).await;
    world
}

fn create(id: Uuid) -> Vec<u8> {
    CreateTicketRequest {
        request_id: request_id(),
        ticket: Some(Ticket {
            id: id.to_string(),
            ..report()
        }),
    }
    .encode_to_vec()
}

fn get(id: &str) -> Vec<u8> {
    GetTicketRequest { id: id.to_owned() }.encode_to_vec()
}

fn call(path: &str, token: &str, message: &[u8]) -> serde_json::Value {
    json!({"path": path, "token": token, "message": message})
}

fn page(config: &serde_json::Value) -> String {
    include_str!("web/page.html").replace("CONFIG", &config.to_string())
}

async fn seen(origin: Origin, config: &serde_json::Value) -> Seen {
    let seen = origin.seen(page(config)).await;
    serde_json::from_value(seen).expect("what the page reports")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_origin_calls_and_follows() {
    let origin = Origin::new().await;
    let world = world(&origin.name).await;
    let token = world.token(Role::System, Some(""), None);
    let (first, second, nowhere) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    let first_id = first.to_string();
    let list = ListTicketsRequest::default().encode_to_vec();
    let subscribe = SubscribeRequest {
        follow: true,
        ..SubscribeRequest::default()
    };
    let mut stream = call(SUBSCRIBE, &token, &subscribe.encode_to_vec());
    // A stream outlives the timeout that its caller sets, as it does over HTTP/2.
    stream["headers"] = json!({"grpc-timeout": "1S"});
    let config = json!({
        "url": world.url(Service::Tickets),
        "calls": [
            ["created", call(CREATE, &token, &create(first))],
            ["got", call(GET, &token, &get(&first_id))],
            ["listed", call(LIST, &token, &list)],
            ["missing", call(GET, &token, &get(&nowhere.to_string()))],
            ["invalid", call(GET, &token, &get("x"))],
            ["stranger", call(GET, "", &get(&first_id))],
        ],
        "follow": {
            "stream": stream,
            "during": call(CREATE, &token, &create(second)),
            "awaited": second.to_string(),
        },
    });
    let seen = seen(origin, &config).await;
    assert_eq!(seen.error, None);

    let created: Ticket = seen.calls["created"].message();
    assert_eq!(created.id, first_id);
    assert_eq!(seen.calls["got"].message::<Ticket>(), created);
    let listed: ListTicketsResponse = seen.calls["listed"].message();
    assert!(listed.tickets.iter().any(|ticket| ticket.id == first_id));

    let missing = &seen.calls["missing"];
    assert_eq!(missing.status().code(), Code::NotFound);
    assert_eq!(missing.reason(), Reason::RecordNotFound.name());
    let resource = missing.status().get_details_resource_info();
    assert_eq!(resource.expect("a resource").resource_type, "ticket");
    let invalid = seen.calls["invalid"].status();
    assert_eq!(invalid.code(), Code::InvalidArgument);
    let violations = invalid.get_details_bad_request().expect("fields");
    assert_eq!(violations.field_violations[0].field, "id");
    assert_eq!(seen.calls["stranger"].reason(), Reason::TokenMissing.name());

    let followed = seen.followed.expect("a stream");
    let carries = |message: &Vec<u8>, id: Uuid| {
        let message = SubscribeResponse::decode(message.as_slice()).expect("the message");
        message
            .events
            .iter()
            .any(|event| event.record_id == id.to_string())
    };
    assert!(carries(&followed[0], first), "it begins with what happened");
    let last = followed.last().expect("a message");
    assert!(carries(last, second), "it goes on with what happens");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_an_origin_that_may_not_call_is_refused() {
    let (origin, allowed) = (Origin::new().await, Origin::new().await);
    let world = world(&allowed.name).await;
    let token = world.token(Role::System, Some(""), None);
    let id = Uuid::now_v7();
    let config = json!({
        "url": world.url(Service::Tickets),
        "calls": [["created", call(CREATE, &token, &create(id))]],
    });
    let seen = seen(origin, &config).await;
    let error = seen.error.expect("the browser refuses");
    assert!(error.contains("Failed to fetch"), "{error}");
    assert!(seen.calls.is_empty());
    // It was never sent.
    let channel = world.bare(Service::Tickets);
    let answer = raw::call(&channel, Some(&token), GET, &get(&id.to_string())).await;
    assert_eq!(answer.reason(), Reason::RecordNotFound.name());
}

/// As a proxy that ends TLS passes it on.
#[tokio::test(flavor = "multi_thread")]
async fn grpc_web_is_served_over_http2_and_passes_every_layer() {
    let world = world("https://pages.example").await;
    let channel = world.bare(Service::Tickets);
    let token = world.token(Role::System, Some(""), None);
    let send = |path: &'static str, token: Option<String>, body: Vec<u8>| {
        let mut request = raw::request(path, token.as_deref(), body.into());
        let content_type = "application/grpc-web+proto".parse().expect("a value");
        request
            .headers_mut()
            .insert(header::CONTENT_TYPE, content_type);
        raw::send(&channel, request)
    };
    let list = ListTicketsRequest::default().encode_to_vec();
    let listed = send(LIST, Some(token.clone()), raw::frame(&list).to_vec());
    let listed = listed.await;
    let [message, trailers] = &listed.messages[..] else {
        panic!("a message and its status: {listed:?}");
    };
    let listed = ListTicketsResponse::decode(message.clone()).expect("the message");
    assert!(!listed.tickets.is_empty());
    assert!(
        trailers.chunk().starts_with(b"grpc-status:0"),
        "{trailers:?}"
    );

    // Authorised before the body is read, and validated before the handler is called.
    let nonsense = vec![0xff; 40];
    let stranger = send(LIST, None, nonsense.clone()).await;
    assert_eq!(stranger.reason(), Reason::TokenMissing.name());
    let department = world.token(Role::Department, None, Some(Uuid::now_v7()));
    let refused = send(CREATE, Some(department), nonsense.clone()).await;
    assert_eq!(refused.reason(), Reason::RoleNotAllowed.name());
    let invalid = send(LIST, Some(token.clone()), nonsense).await;
    assert_eq!(invalid.reason(), Reason::FieldInvalid.name());
    // Larger than a message may be.
    let large = send(LIST, Some(token), raw::frame(&vec![0; 5 << 20]).to_vec()).await;
    assert_eq!(large.reason(), Reason::FieldInvalid.name());
}
