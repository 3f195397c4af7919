//! Malformed input on the wire: no panic, no `INTERNAL`, and the next call succeeds as if
//! nothing had happened.

use http::header;
use prost::Message as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tonic::Code;
use wangge_api::{
    policy::{METHODS, Role, policy},
    refusal::Reason,
    tickets::v1::GetTicketRequest,
};
use wangge_tests::{City, DataDir, Dice, Service, Wangge, raw, raw::Answer};

use crate::authorisation::bodies;

/// The real binary with a city in it, as the target of malformed input.
struct Target {
    up: Wangge,
    city: City,
    _data_dir: DataDir,
}

impl Target {
    async fn start() -> Self {
        let data_dir = DataDir::new();
        let up = Wangge::up(&data_dir, &[], &[]).await;
        let city = City::build(&up).await;
        Self {
            up,
            city,
            _data_dir: data_dir,
        }
    }

    /// Returns a token of a caller that may call a method.
    fn token(&self, path: &str) -> String {
        let role = policy(path).map_or(Role::Admin, |policy| policy.roles[0]);
        self.up.token(role, Some(""), Some(self.city.lead.unit))
    }

    async fn send(&self, service: Service, path: &str, body: Vec<u8>) -> Answer {
        let request = raw::request(path, Some(&self.token(path)), body.into());
        raw::send(&self.up.bare(service), request).await
    }

    /// Asserts that the services still work.
    async fn is_well(self) {
        let path = "/wangge.tickets.v1.TicketService/GetTicket";
        let body = GetTicketRequest {
            id: self.city.ticket.clone(),
        }
        .encode_to_vec();
        let answer = self
            .send(Service::Tickets, path, raw::frame(&body).to_vec())
            .await;
        assert_eq!(answer.code(), Code::Ok, "{:?}", answer.status);
        for service in Service::ALL {
            let path = METHODS
                .iter()
                .find(|path| Service::of(path).contains(&service));
            let answer = self
                .send(service, path.expect("a method"), raw::frame(&[]).to_vec())
                .await;
            assert_ne!(answer.code(), Code::Cancelled, "{:?}", answer.status);
        }
        let (ended, stderr) = self.up.terminate().await;
        assert!(ended.success(), "{ended}: {}", stderr.text());
        let broken =
            stderr.find(|line| line.contains("panicked") || line.contains("internal error"));
        assert_eq!(broken, None);
    }
}

/// Asserts that an error is the caller's fault and has a reason.
fn assert_told(answer: &Answer, what: &str) {
    let fault = matches!(
        answer.code(),
        Code::Internal | Code::Unknown | Code::DataLoss
    );
    assert!(!fault, "{what}: {:?}", answer.status);
    if answer.code() != Code::Ok {
        let is_known = Reason::ALL
            .iter()
            .any(|reason| reason.name() == answer.reason());
        assert!(is_known, "{what} has no reason: {:?}", answer.status);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_of_nonsense_are_refused() {
    let mut dice = Dice::new();
    let target = Target::start().await;
    for path in METHODS {
        for service in Service::of(path) {
            for length in [1, 2, 7, 40, 300, 5_000] {
                let bytes = dice.bytes(length);
                let what = format!(
                    "{path} with {length} bytes {:02x?}",
                    &bytes[..length.min(40)]
                );
                // Once framed as a message, and once unframed.
                let framed = target
                    .send(service, path, raw::frame(&bytes).to_vec())
                    .await;
                assert_told(&framed, &what);
                let unframed = target.send(service, path, bytes).await;
                assert_told(&unframed, &format!("unframed {what}"));
            }
        }
    }
    target.is_well().await;
}

/// Valid requests with bytes changed, removed, inserted or cut off.
#[tokio::test(flavor = "multi_thread")]
async fn damaged_requests_are_refused_or_mean_something_else() {
    let mut dice = Dice::new();
    let target = Target::start().await;
    for (path, body) in bodies(&target.city) {
        for _ in 0..40 {
            let mut message = body[5..].to_vec();
            for _ in 0..=dice.below(3) {
                damage(&mut message, &mut dice);
            }
            let what = format!("{path} with {message:02x?}");
            for service in Service::of(path) {
                let answer = target
                    .send(service, path, raw::frame(&message).to_vec())
                    .await;
                assert_told(&answer, &what);
            }
        }
    }
    target.is_well().await;
}

fn damage(message: &mut Vec<u8>, dice: &mut Dice) {
    let place = dice.below(message.len());
    let strange = [0x00, 0x01, 0x7f, 0x80, 0xff, b'\'', b'%', b'\\', b'\n'];
    match (dice.below(5), message.is_empty()) {
        (0, false) => message[place] = strange[dice.below(strange.len())],
        (1, false) => message[place] ^= 1 << dice.below(8),
        (2, false) => {
            message.remove(place);
        }
        (3, false) => message.truncate(place),
        _ => message.insert(place, strange[dice.below(strange.len())]),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_frames_are_refused() {
    let target = Target::start().await;
    let large = vec![0x0a; 5 * 1024 * 1024];
    let frames: Vec<(&str, Vec<u8>)> = vec![
        ("nothing at all", Vec::new()),
        ("half a header", vec![0, 0, 0]),
        ("less than was promised", vec![0, 0, 0, 1, 0, 1, 2, 3]),
        ("4 GiB promised", vec![0, 0xff, 0xff, 0xff, 0xff, 1]),
        ("compressed without an encoding", vec![1, 0, 0, 0, 2, 8, 1]),
        ("a flag that does not exist", vec![7, 0, 0, 0, 2, 8, 1]),
        ("two messages", [raw::frame(&[]), raw::frame(&[])].concat()),
        ("5 MiB", raw::frame(&large).to_vec()),
    ];
    for path in METHODS {
        for service in Service::of(path) {
            for (name, frame) in &frames {
                let answer = target.send(service, path, frame.clone()).await;
                assert_told(&answer, &format!("{path}: {name}"));
            }
        }
    }
    target.is_well().await;
}

/// A text may contain anything that the contract allows, even what PostgreSQL doesn't.
#[tokio::test(flavor = "multi_thread")]
async fn strange_characters_are_refused_or_kept() {
    let target = Target::start().await;
    for (path, body) in bodies(&target.city) {
        for strange in [
            "\0",
            "\u{feff}",
            "\u{202e}",
            "'; drop table ticket; --",
            "%_\\",
            "𠮷👨‍👩‍👧",
        ] {
            let message = with_texts(&body[5..], strange.as_bytes());
            for service in Service::of(path) {
                let answer = target
                    .send(service, path, raw::frame(&message).to_vec())
                    .await;
                assert_told(&answer, &format!("{path} with {strange:?}"));
            }
        }
    }
    target.is_well().await;
}

/// Replaces every Chinese character in a message's texts. Ids and codes stay valid, so
/// that the text reaches the database.
fn with_texts(message: &[u8], strange: &[u8]) -> Vec<u8> {
    let mut changed = message.to_vec();
    // Byte for byte: the length prefixes of the fields must stay correct.
    let three: Vec<u8> = strange.iter().copied().cycle().take(3).collect();
    let three = if std::str::from_utf8(&three).is_ok() {
        three
    } else {
        strange.to_vec()
    };
    if three.len() != 3 {
        return changed;
    }
    let mut place = 0;
    while place + 3 <= changed.len() {
        let is_chinese = std::str::from_utf8(&changed[place..place + 3]).is_ok_and(|text| {
            text.chars()
                .all(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter))
        });
        if is_chinese {
            changed[place..place + 3].copy_from_slice(&three);
            place += 3;
        } else {
            place += 1;
        }
    }
    changed
}

#[tokio::test(flavor = "multi_thread")]
async fn strange_headers_and_paths_are_refused() {
    let target = Target::start().await;
    let path = "/wangge.tickets.v1.TicketService/GetTicket";
    let channel = target.up.bare(Service::Tickets);
    let token = target.token(path);
    let good = || {
        let body = GetTicketRequest {
            id: target.city.ticket.clone(),
        }
        .encode_to_vec();
        raw::request(path, Some(&token), raw::frame(&body))
    };
    for content_type in ["application/json", "text/html", "application/grpc-web", ""] {
        let mut request = good();
        let value = content_type.parse().expect("a value");
        request.headers_mut().insert(header::CONTENT_TYPE, value);
        let answer = raw::send(&channel, request).await;
        let fault = matches!(answer.code(), Code::Internal | Code::DataLoss);
        assert!(!fault && answer.http < 500, "{content_type}: {answer:?}");
    }
    for (name, value) in [
        ("grpc-timeout", "99999999999999H"),
        ("grpc-timeout", "-1S"),
        ("grpc-encoding", "snappy"),
        ("grpc-accept-encoding", "nonsense"),
        ("traceparent", "00-zz-zz-zz"),
        (
            "traceparent",
            "ff-00000000000000000000000000000000-0000000000000000-00",
        ),
        ("authorization", "Basic YTpi"),
        ("authorization", "Bearer a.b.c"),
    ] {
        let mut request = good();
        request
            .headers_mut()
            .insert(name, value.parse().expect("a value"));
        let answer = raw::send(&channel, request).await;
        assert_told(&answer, &format!("{name}: {value}"));
    }
    let mut request = good();
    request
        .headers_mut()
        .insert("x-huge", "x".repeat(20_000).parse().expect("a value"));
    let answer = raw::send(&channel, request).await;
    assert_ne!(answer.code(), Code::Ok, "a header of 20 kB was taken");
    assert_ne!(answer.code(), Code::Internal, "{:?}", answer.status);
    for path in [
        "/",
        "/x",
        "//",
        "/wangge.tickets.v1.TicketService/",
        "/%00",
        "/a/b/c?d=e",
    ] {
        let answer = target
            .send(Service::Tickets, path, raw::frame(&[]).to_vec())
            .await;
        assert_eq!(
            answer.code(),
            Code::Unimplemented,
            "{path}: {:?}",
            answer.status
        );
        assert_eq!(answer.reason(), "METHOD_UNKNOWN", "{path}");
    }
    target.is_well().await;
}

/// HTTP/1.1, where no page may call.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_without_http2_is_told_what_the_port_speaks() {
    let target = Target::start().await;
    for service in Service::ALL {
        let address = target.up.url(service).trim_start_matches("http://");
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let request = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
        stream.write_all(request).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 505"), "{answer}");
        assert!(answer.contains("gRPC over HTTP/2"), "{answer}");
    }
    target.is_well().await;
}

/// Bytes that are not HTTP/2 at all.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_of_nonsense_is_closed() {
    let mut dice = Dice::new();
    let target = Target::start().await;
    for service in Service::ALL {
        let address = target
            .up
            .url(service)
            .trim_start_matches("http://")
            .to_owned();
        let mut openings = vec![
            b"GET / HTTP/1.1\r\nhost: x\r\n\r\n".to_vec(),
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff".to_vec(),
            vec![0; 100],
        ];
        openings.extend((0..20).map(|_| dice.bytes(200)));
        for opening in openings {
            let mut stream = tokio::net::TcpStream::connect(&address)
                .await
                .expect("it listens");
            let _ = stream.write_all(&opening).await;
            let _ = stream.shutdown().await;
            // The server eventually closes the connection; its response, if any, is of no
            // interest.
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer).await;
        }
    }
    target.is_well().await;
}
