//! Reflection: each port describes what it serves, with the types of its errors, and
//! nothing else.

use std::{collections::BTreeSet, process::Stdio};

use prost::Message as _;
use prost_types::FileDescriptorProto;
use tokio::process::Command;
use tonic::Status;
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};
use uuid::Uuid;
use wangge_api::policy::{METHODS, Role};
use wangge_server::ServerArgs;
use wangge_tests::{Service, World, world::Databases};

/// Decodes the details of an error with what a port describes, and no other file.
const DECODE: &str = r#"
import os, sys, grpc
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

method, request = sys.argv[1:]
channel = grpc.insecure_channel(os.environ["URL"].removeprefix("http://"))
database = ProtoReflectionDescriptorDatabase(channel)
pool = DescriptorPool(database)
message = lambda name: GetMessageClass(pool.FindMessageTypeByName(name))
call = channel.unary_unary(method)
try:
    call(message(request)(id=os.environ["ID"]).SerializeToString(),
         metadata=[("authorization", "Bearer " + os.environ["TOKEN"])])
except grpc.RpcError as error:
    (encoded,) = [value for key, value in error.trailing_metadata() if key == "grpc-status-details-bin"]
    details = message("google.rpc.Status").FromString(encoded).details
    for detail in details:
        name = detail.type_url.rpartition("/")[2]
        print(name, " ".join(str(message(name).FromString(detail.value)).split()))
print(*sorted(database.get_services()))
print(pool.FindEnumTypeByName("wangge.errors.v1.Reason").values[0].name)
"#;

async fn start() -> World {
    let args = ServerArgs {
        reflection: true,
        ..ServerArgs::default()
    };
    World::on(Databases::fresh().await, &args).await
}

async fn ask(
    world: &World,
    service: Service,
    what: MessageRequest,
) -> Result<MessageResponse, Status> {
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(what),
    };
    let mut client = ServerReflectionClient::new(world.bare(service));
    let asked = client.server_reflection_info(tokio_stream::once(request));
    let answer = asked.await?.into_inner().message().await?;
    Ok(answer
        .expect("an answer")
        .message_response
        .expect("what was asked for"))
}

async fn file(world: &World, service: Service, name: &str) -> Result<Vec<u8>, Status> {
    let what = MessageRequest::FileByFilename(name.to_owned());
    match ask(world, service, what).await? {
        MessageResponse::FileDescriptorResponse(mut answer) => {
            Ok(answer.file_descriptor_proto.remove(0))
        }
        other => panic!("{other:?}"),
    }
}

/// Names of the services of the contracts that a port serves, and of those of the
/// platform that every port has.
fn expected(service: Service) -> BTreeSet<String> {
    let own = METHODS
        .iter()
        .filter(|path| Service::of(path).contains(&service))
        .filter_map(|path| path.split('/').nth(1));
    let everywhere = [
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
    ];
    own.chain(everywhere).map(str::to_owned).collect()
}

async fn listed(world: &World, service: Service) -> BTreeSet<String> {
    let answer = ask(world, service, MessageRequest::ListServices(String::new())).await;
    match answer.expect("a list") {
        MessageResponse::ListServicesResponse(answer) => {
            let count = answer.service.len();
            let names: BTreeSet<_> = answer.service.into_iter().map(|one| one.name).collect();
            assert_eq!(names.len(), count, "a service is listed twice");
            names
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_port_describes_what_it_serves() {
    let world = start().await;
    for service in Service::ALL {
        let names = listed(&world, service).await;
        assert_eq!(names, expected(service), "{service:?}");
        // Whatever is described can be resolved, with all that it imports.
        let mut open: Vec<String> = Vec::new();
        for symbol in names.iter().map(String::as_str).chain([
            "google.rpc.Status",
            "google.rpc.ErrorInfo",
            "google.rpc.BadRequest",
            "google.rpc.PreconditionFailure",
            "google.rpc.RetryInfo",
            "google.rpc.ResourceInfo",
            "wangge.errors.v1.Reason",
            "wangge.types.v1.Date",
        ]) {
            let what = MessageRequest::FileContainingSymbol(symbol.to_owned());
            let answer = ask(&world, service, what).await;
            let MessageResponse::FileDescriptorResponse(answer) = answer.expect(symbol) else {
                panic!("{symbol} is no file");
            };
            let file = FileDescriptorProto::decode(answer.file_descriptor_proto[0].as_slice());
            open.push(file.expect("a file").name().to_owned());
        }
        let mut known = BTreeSet::new();
        while let Some(name) = open.pop() {
            if known.insert(name.clone()) {
                let found = file(&world, service, &name).await.expect(&name);
                let found = FileDescriptorProto::decode(found.as_slice()).expect("a file");
                open.extend(found.dependency);
            }
        }
        // No service of another port is found, even by its name.
        for other in Service::ALL.into_iter().flat_map(expected) {
            if !names.contains(&other) {
                let what = MessageRequest::FileContainingSymbol(other.clone());
                let hidden = ask(&world, service, what).await;
                hidden.expect_err(&format!("{service:?} describes {other}"));
            }
        }
    }
}

/// A client that has no file at all: neither ours nor Google's.
#[tokio::test(flavor = "multi_thread")]
async fn a_reflection_client_decodes_the_details_of_errors() {
    let world = start().await;
    let ran = Command::new(std::env::var_os("WANGGE_PYTHON").unwrap_or_else(|| "python3".into()))
        .args(["-c", DECODE])
        .args([
            "/wangge.tickets.v1.TicketService/GetTicket",
            "wangge.tickets.v1.GetTicketRequest",
        ])
        .env("URL", world.url(Service::Tickets))
        .env("TOKEN", world.token(Role::System, Some(""), None))
        .env("ID", Uuid::now_v7().to_string())
        .stdin(Stdio::null())
        .output()
        .await
        .expect("Python");
    let told = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{told}");
    let printed = String::from_utf8_lossy(&ran.stdout).into_owned();
    for line in [
        "google.rpc.ErrorInfo reason: \"RECORD_NOT_FOUND\" domain: \"wangge\"",
        "google.rpc.ResourceInfo resource_type: \"ticket\"",
        "REASON_UNSPECIFIED",
    ] {
        assert!(printed.contains(line), "{line} in {printed}");
    }
    let services: Vec<_> = expected(Service::Tickets).into_iter().collect();
    assert!(printed.contains(&services.join(" ")), "{printed}");
}
