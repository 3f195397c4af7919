//! Fair share of resources: a caller can't block others by leaving requests open or by
//! cancelling them.

use futures::stream::{FuturesUnordered, StreamExt as _};
use h2::client::SendRequest;
use prost::bytes::Bytes;
use prost_types::FieldMask;
use sqlx::Connection as _;
use tonic::{Code, Status, codec::CompressionEncoding};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};
use wangge_api::{
    organization::v1::{
        Area, GetAreaRequest, ImportRecordsRequest, ListUnitsRequest, UpdateAreaRequest,
        import_service_client::ImportServiceClient,
    },
    policy::Role,
    types::v1::ImportHeader,
};
use wangge_testkit::{eventually, reason, retry_after, stream_channel, token};

use crate::support::{COMMUNITY, DISTRICT, World};

/// Maximum number of concurrent streams of a connection.
const STREAMS: usize = 128;
/// Number of concurrent calls that one caller is allowed.
const SHARE: usize = 128;

async fn connect(world: &World) -> SendRequest<Bytes> {
    let address = world.url.trim_start_matches("http://");
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    client
}

fn request(world: &World, method: &str, token: &str) -> http::Request<()> {
    http::Request::post(format!(
        "{}/wangge.organization.v1.AreaService/{method}",
        world.url
    ))
    .header("content-type", "application/grpc")
    .header("te", "trailers")
    .header("authorization", format!("Bearer {token}"))
    .body(())
    .unwrap()
}

fn frame(message: &impl prost::Message) -> Bytes {
    let message = message.encode_to_vec();
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[0][..], &length, &message].concat().into()
}

fn get_area() -> GetAreaRequest {
    GetAreaRequest {
        code: COMMUNITY.to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_never_come_take_no_slot_and_leave_the_others_theirs() {
    let world = World::with_tree().await;
    let greedy = token(&[Role::Staff], Some(""), None);
    let (answers, mut open) = (FuturesUnordered::new(), Vec::new());
    for _ in 0..4 {
        let mut client = connect(&world).await;
        for _ in 0..STREAMS {
            client = client.ready().await.unwrap();
            let headers = request(&world, "GetArea", &greedy);
            let (answer, body) = client.send_request(headers, false).unwrap();
            answers.push(answer);
            open.push(body);
        }
    }
    // All beyond its share are rejected at once.
    let refused: Vec<_> = answers.take(3 * SHARE).collect().await;
    for answer in refused {
        let told = Status::from_header_map(answer.unwrap().headers()).unwrap();
        assert_eq!(told.code(), Code::ResourceExhausted);
        assert_eq!(reason(&told), "OVERLOADED");
        assert!(retry_after(&told).is_some());
    }
    // The rest stay open, and other callers are not affected.
    world.areas(DISTRICT).get_area(get_area()).await.unwrap();
    drop(open);
}

/// A slot is held until the work of its call ends, and the work ends with its caller.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_calls_that_are_given_up_breaks_no_connection_and_queues_no_work() {
    let world = World::with_tree().await;
    let flooding = token(&[Role::Admin], Some(""), None);
    let options = world.database.background.connect_options();
    let mut lock = sqlx::PgConnection::connect_with(&options).await.unwrap();
    for statement in [
        "set idle_in_transaction_session_timeout = 0",
        "begin",
        "select from area for update",
    ] {
        sqlx::query(statement).execute(&mut lock).await.unwrap();
    }
    let mut client = connect(&world).await;
    for _ in 0..4 {
        let mut given_up = Vec::new();
        for _ in 0..100 {
            client = client.ready().await.expect("the connection holds");
            let headers = request(&world, "UpdateArea", &flooding);
            let (answer, mut body) = client.send_request(headers, false).unwrap();
            let area = Area {
                code: COMMUNITY.to_owned(),
                name: "新名字".to_owned(),
                ..Area::default()
            };
            let update = UpdateAreaRequest {
                request_id: uuid::Uuid::now_v7().to_string(),
                area: Some(area),
                update_mask: Some(FieldMask {
                    paths: vec!["name".to_owned()],
                }),
            };
            body.send_data(frame(&update), true).unwrap();
            given_up.push((answer, body));
        }
        for (_, mut body) in given_up {
            body.send_reset(h2::Reason::CANCEL);
        }
    }
    // Another caller writes, and reads what is not locked.
    let units = world.units(DISTRICT);
    eventually(|| {
        let mut units = units.clone();
        async move { units.list_units(ListUnitsRequest::default()).await.ok() }
    })
    .await;
    // The connection still works, and none of the cancelled calls waits for the lock.
    let staff = token(&[Role::Staff], Some(""), None);
    client = client.ready().await.expect("the connection holds");
    let headers = request(&world, "GetArea", &staff);
    let (answer, mut body) = client.send_request(headers, false).unwrap();
    body.send_data(frame(&get_area()), true).unwrap();
    assert!(Status::from_header_map(answer.await.unwrap().headers()).is_none());
    eventually(|| async {
        let waiting: i64 = sqlx::query_scalar(
            "select count(*) from pg_stat_activity \
             where datname = current_database() and wait_event_type = 'Lock'",
        )
        .fetch_one(&world.database.background)
        .await
        .unwrap();
        (waiting == 0).then_some(())
    })
    .await;
    lock.close().await.unwrap();
}

/// The message is small until it is decompressed.
#[tokio::test(flavor = "multi_thread")]
async fn a_compressed_message_that_is_too_large_is_refused_with_a_reason() {
    let world = World::with_tree().await;
    let mut areas = world
        .areas(DISTRICT)
        .send_compressed(CompressionEncoding::Gzip);
    let request = GetAreaRequest {
        code: "0".repeat(5 * 1024 * 1024),
    };
    let told = areas.get_area(request).await.unwrap_err();
    assert_eq!(told.code(), Code::InvalidArgument, "{told:?}");
    assert_eq!(reason(&told), "FIELD_INVALID");
    areas
        .get_area(get_area())
        .await
        .expect("small ones are taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_has_few_imports_open_at_a_time_and_others_have_theirs() {
    let world = World::with_tree().await;
    let open = |roles: &[Role]| {
        let channel = stream_channel(&world.url, &token(roles, Some(DISTRICT), None));
        let mut imports = ImportServiceClient::new(channel);
        async move {
            let (rows, sent) = tokio::sync::mpsc::channel(1);
            let header = ImportRecordsRequest {
                header: Some(ImportHeader {
                    validate_only: true,
                    ..Default::default()
                }),
                ..ImportRecordsRequest::default()
            };
            rows.send(header).await.unwrap();
            let stream = tokio_stream::wrappers::ReceiverStream::new(sent);
            let results = imports.import_records(stream).await?;
            Ok::<_, Status>((rows, results))
        }
    };
    let mut streams = Vec::new();
    for _ in 0..4 {
        streams.push(open(&[Role::Importer]).await.expect("within its share"));
    }
    let told = open(&[Role::Importer]).await.unwrap_err();
    assert_eq!(told.code(), Code::ResourceExhausted);
    assert_eq!(reason(&told), "OVERLOADED");
    assert!(retry_after(&told).is_some());
    let other = open(&[Role::Importer, Role::Staff]).await;
    let other = other.expect("another caller has its own");
    // Other calls of the same caller are not limited, and a closed stream frees its slot.
    world.areas(DISTRICT).get_area(get_area()).await.unwrap();
    let (rows, results) = streams.pop().unwrap();
    drop(rows);
    assert!(results.into_inner().message().await.unwrap().is_none());
    let again = eventually(|| async { open(&[Role::Importer]).await.ok() }).await;
    drop((streams, other, again));
}

/// Overload must not fail the readiness check: clients would move to the next replica and
/// overload it as well.
#[tokio::test(flavor = "multi_thread")]
async fn a_service_whose_connections_are_all_in_use_is_still_ready() {
    let world = World::with_tree().await;
    let pool = &world.database.calls;
    let mut taken = Vec::new();
    for _ in 0..pool.options().get_max_connections() {
        taken.push(pool.acquire().await.unwrap());
    }
    // Wait until readiness has been checked several times.
    let asked = || async {
        let last: Option<chrono::DateTime<chrono::Utc>> = sqlx::query_scalar(
            "select max(query_start) from pg_stat_activity \
             where datname = current_database() and query = 'select 1'",
        )
        .fetch_one(&world.database.background)
        .await
        .unwrap();
        last
    };
    let mut last = eventually(asked).await;
    for _ in 0..3 {
        last = eventually(|| async { asked().await.filter(|asked| *asked > last) }).await;
    }
    let channel = tonic::transport::Endpoint::from_shared(world.url.clone());
    let channel = channel.unwrap().connect().await.unwrap();
    let mut health = HealthClient::new(channel);
    let health = health.check(HealthCheckRequest::default());
    assert_eq!(
        health.await.unwrap().into_inner().status(),
        ServingStatus::Serving
    );
    drop(taken);
}
