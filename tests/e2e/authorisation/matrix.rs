//! Every method × every role, over real gRPC.

use std::collections::BTreeSet;

use prost::Message as _;
use prost_types::FileDescriptorSet;
use tonic::Code;
use uuid::Uuid;
use wangge_api::{
    FILE_DESCRIPTOR_SET,
    policy::{Idempotency, METHODS, Role, policy},
};
use wangge_auth::{claims, issuer::Issuer};
use wangge_tests::{Service, World, raw};

/// An invalid message for every contract: a field with a wire type that doesn't exist.
const GARBAGE: &[u8] = &[0x0f, 0xff, 0xff];

#[tokio::test(flavor = "multi_thread")]
async fn a_role_calls_what_its_policy_says_and_nothing_else() {
    let world = World::start().await;
    for path in METHODS {
        let policy = policy(path).expect("a policy");
        for (service, role) in each_service_and_role(path) {
            let channel = world.bare(service);
            let token = world.token(role, Some(""), Some(Uuid::now_v7()));
            let what = format!("{path} of {} as {role:?}", service.name());
            if policy.roles.contains(&role) {
                let answer = raw::call(&channel, Some(&token), path, &[]).await;
                let admitted = matches!(
                    answer.code(),
                    Code::Ok | Code::InvalidArgument | Code::NotFound | Code::FailedPrecondition
                );
                assert!(admitted, "{what}: {:?}", answer.status);
            } else {
                // Also with an invalid body: an unauthorised caller must not learn what
                // is wrong with it.
                for body in [&[], GARBAGE] {
                    let answer = raw::call(&channel, Some(&token), path, body).await;
                    assert_eq!(answer.code(), Code::PermissionDenied, "{what}");
                    assert_eq!(answer.reason(), "ROLE_NOT_ALLOWED", "{what}");
                    assert!(answer.messages.is_empty(), "{what}");
                }
            }
        }
    }
}

fn each_service_and_role(path: &str) -> Vec<(Service, Role)> {
    let services = Service::of(path);
    let pairs = services
        .into_iter()
        .flat_map(|service| claims::roles().map(move |role| (service, role)));
    pairs.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_calls_anything_without_a_good_token() {
    let world = World::start().await;
    let everyone: Vec<Role> = claims::roles().collect();
    let expired = wangge_testkit::expired_token(&everyone, Some(""));
    let (foreign, good) = foreign_and_good_tokens();
    let unsigned = good.rsplit_once('.').expect("a signature").0.to_owned() + ".";
    let cases = [
        (None, "TOKEN_MISSING"),
        (Some(""), "TOKEN_INVALID"),
        (Some("nonsense"), "TOKEN_INVALID"),
        (Some(expired.as_str()), "TOKEN_EXPIRED"),
        (Some(foreign.as_str()), "TOKEN_INVALID"),
        (Some(unsigned.as_str()), "TOKEN_INVALID"),
    ];
    for path in METHODS {
        for service in Service::of(path) {
            let channel = world.bare(service);
            for (token, reason) in cases {
                let answer = raw::call(&channel, token, path, GARBAGE).await;
                let what = format!("{path} of {} with {token:?}", service.name());
                assert_eq!(answer.code(), Code::Unauthenticated, "{what}");
                assert_eq!(answer.reason(), reason, "{what}");
                assert!(answer.messages.is_empty(), "{what}");
            }
        }
    }
}

/// Returns the same claims signed by an unknown key and by the right one.
fn foreign_and_good_tokens() -> (String, String) {
    let good = wangge_testkit::token(&[Role::Admin], Some(""), None);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = now.expect("after 1970").as_secs();
    let claims = claims::Claims {
        iss: wangge_auth::issuer::ISSUER.to_owned(),
        aud: wangge_auth::issuer::AUDIENCE.to_owned(),
        sub: "test".to_owned(),
        exp: now + 600,
        nbf: now - 60,
        roles: claims::roles().map(claims::role_name).collect(),
        area: Some(String::new()),
        unit: None,
    };
    let foreign = Issuer::generate()
        .expect("a key")
        .token(&claims)
        .expect("a token");
    (foreign, good)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_without_a_policy_does_not_exist() {
    let world = World::start().await;
    for service in Service::ALL {
        let token = world.token(Role::Admin, Some(""), None);
        for path in [
            "/wangge.tickets.v1.TicketService/DropEverything",
            "/nonsense",
            "/",
        ] {
            let answer = raw::call(&world.bare(service), Some(&token), path, &[]).await;
            assert_eq!(
                answer.code(),
                Code::Unimplemented,
                "{path}: {:?}",
                answer.status
            );
            assert_eq!(answer.reason(), "METHOD_UNKNOWN", "{path}");
        }
        // Nor does a method of another service exist.
        let foreign = METHODS
            .iter()
            .find(|path| !Service::of(path).contains(&service));
        let foreign = foreign.expect("a method of another service");
        let role = policy(foreign).expect("a policy").roles[0];
        let token = world.token(role, Some(""), None);
        let answer = raw::call(&world.bare(service), Some(&token), foreign, &[]).await;
        assert_eq!(
            answer.code(),
            Code::Unimplemented,
            "{foreign} of {}",
            service.name()
        );
        assert_eq!(answer.reason(), "METHOD_UNKNOWN", "{foreign}");
    }
}

/// A method of the contracts, from the descriptors.
struct Declared {
    path: String,
    streaming: bool,
    fields: Vec<String>,
}

fn declared() -> Vec<Declared> {
    let files = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET)
        .expect("descriptors")
        .file;
    let messages: Vec<(String, Vec<String>)> = files
        .iter()
        .flat_map(|file| {
            file.message_type.iter().map(|message| {
                let fields = message.field.iter().map(|field| field.name().to_owned());
                (
                    format!(".{}.{}", file.package(), message.name()),
                    fields.collect(),
                )
            })
        })
        .collect();
    let mut methods = Vec::new();
    for file in files
        .iter()
        .filter(|file| file.package().starts_with("wangge."))
    {
        for service in &file.service {
            for method in &service.method {
                let input = messages
                    .iter()
                    .find(|(name, _)| name == method.input_type());
                methods.push(Declared {
                    path: format!("/{}.{}/{}", file.package(), service.name(), method.name()),
                    streaming: method.client_streaming() || method.server_streaming(),
                    fields: input.expect("the request").1.clone(),
                });
            }
        }
    }
    methods
}

#[test]
fn every_method_of_the_contracts_has_a_policy() {
    let declared = declared();
    let paths: BTreeSet<&str> = declared.iter().map(|method| method.path.as_str()).collect();
    assert!(
        paths.len() >= 40,
        "the descriptors tell of {} methods only",
        paths.len()
    );
    assert_eq!(paths, METHODS.iter().copied().collect());
    for method in &declared {
        let policy = policy(&method.path).expect("a policy");
        assert_eq!(policy.path, method.path);
        assert_eq!(policy.streaming, method.streaming, "{}", method.path);
        assert!(!policy.roles.is_empty(), "{}", method.path);
    }
}

/// Invariant 9: every write is safe to retry, so it carries a request id or ids chosen by
/// the sender; reads carry none.
#[test]
fn every_write_is_safe_to_retry() {
    for method in declared() {
        let has = |name: &str| method.fields.iter().any(|field| field == name);
        let name = method.path.rsplit('/').next().expect("a name");
        let reads = [
            "Get",
            "List",
            "Explain",
            "Locate",
            "Subscribe",
            "Watch",
            "Export",
        ];
        let reads = reads.iter().any(|verb| name.starts_with(verb));
        match policy(&method.path).expect("a policy").idempotency {
            Idempotency::Read => assert!(reads && !has("request_id"), "{}", method.path),
            Idempotency::RequestId => assert!(!reads && has("request_id"), "{}", method.path),
            Idempotency::RecordId => assert!(name.starts_with("Import"), "{}", method.path),
            Idempotency::Unspecified => panic!("{} leaves it open", method.path),
        }
    }
}
