//! Creates and reads plain records of every kind by reflection on the contracts: each
//! kind is listed once, with one sample.

mod contracts;
mod kinds;

use std::collections::BTreeMap;

use prost_reflect::DynamicMessage;
use serde_json::{Value, json};
use tonic::Code;
use wangge_api::policy::{METHODS, Role, policy};

use crate::{City, Service, city::request_id, raw, site::Site, until};
pub use contracts::{decode, encode, field, fields, items};
use contracts::{listed, package};
pub use kinds::KINDS;

/// A kind of plain record.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// Full name of the gRPC service that serves it.
    pub service: &'static str,
    /// Name of its message.
    pub name: &'static str,
    /// Name of the kind in references and requests.
    pub kind: &'static str,
    /// Code of the area that the sample belongs to.
    pub area: &'static str,
    /// The field of the sample that decides its area: the area's code, or the record that
    /// it belongs to.
    pub placed_by: &'static str,
    /// A field that an update changes, with its new value; `{}` in the value is replaced
    /// by a unique text. None if nothing can be changed.
    pub change: Option<(&'static str, &'static str)>,
    /// A role that may create it.
    pub writer: Role,
    /// True if it is valid from a first to a last day.
    pub dated: bool,
    /// Returns a sample record without its days.
    sample: fn(&City) -> Value,
    /// The verbs of a kind with states; otherwise empty.
    pub verbs: &'static [Verb],
    /// Sequences of legal verbs that together contain every verb.
    pub courses: &'static [&'static [&'static str]],
    /// The verbs that bring the city's own record into a state in which others can
    /// reference it.
    ready: &'static [&'static str],
}

/// A verb on a record, such as `CancelBooking`.
#[derive(Debug, Clone, Copy)]
pub struct Verb {
    /// Name of the method.
    pub name: &'static str,
    /// Returns the fields of the request besides the record's.
    fields: fn(&City) -> Value,
    /// A record that must exist before: its kind, and a function from the acted record's
    /// id to it.
    needs: Option<Needed>,
}

/// A kind of record, and a function that returns one belonging to a given record.
type Needed = (&'static str, fn(&City, &str) -> Value);

impl Kind {
    /// Returns the path of a method of this kind, e.g. for `Create`; none if there is no
    /// such method.
    pub fn path(&self, verb: &str) -> Option<&'static str> {
        let wanted = format!("/{}/{verb}{}", self.service, self.name);
        METHODS.iter().copied().find(|path| *path == wanted)
    }

    /// Returns the path of the kind's `List` method.
    pub fn list(&self) -> &'static str {
        let items = format!("{}.{}", package(self.service), self.name);
        let list = METHODS.iter().copied().find(|path| {
            path.starts_with(&format!("/{}/List", self.service))
                && listed(path).is_some_and(|listed| listed.full_name() == items)
        });
        list.expect("a list")
    }

    /// Returns the year in which the city's own record begins. Kinds that others
    /// reference begin much earlier, since a referenced record must hold on the day that
    /// counts.
    pub fn since(&self) -> i32 {
        let named = |kind: &Kind| {
            let mut names = kind.names().into_iter();
            names.any(|(_, named)| named == self.kind)
        };
        if KINDS.iter().any(named) { 2005 } else { 2021 }
    }

    /// Returns the fields that reference other records, with the referenced kinds.
    pub fn names(&self) -> Vec<(String, String)> {
        contracts::names(&format!("{}.{}", package(self.service), self.name))
    }

    /// Returns a sample that holds from the first day of a year, for two years or without
    /// an end.
    pub fn sample(&self, city: &City, year: i32, ends: bool) -> Value {
        let mut sample = (self.sample)(city);
        if !self.dated {
            return sample;
        }
        sample["start_date"] = json!({"year": year, "month": 1, "day": 1});
        if ends {
            sample["end_date"] = json!({"year": year + 2, "month": 1, "day": 1});
        }
        sample
    }

    /// Encodes the request that creates a record.
    pub fn create(&self, request_id: &str, record: Value) -> Vec<u8> {
        let path = self.path("Create").expect("a method");
        let mut request = json!({"request_id": request_id});
        request[self.kind] = record;
        encode(path, request)
    }

    /// Encodes the request that changes a record; none if its kind can't be changed.
    pub fn update(&self, request_id: &str, id: &str, etag: &str) -> Option<Vec<u8>> {
        let (field, value) = self.change?;
        let mut request = json!({"request_id": request_id, "update_mask": in_mask(field)});
        request[self.kind] = json!({"id": id, "etag": etag});
        // The end of a UUIDv7 is random; its beginning is a timestamp.
        let own = id.get(id.len().saturating_sub(6)..).unwrap_or_default();
        request[self.kind][field] = json!(value.replace("{}", own));
        Some(encode(self.path("Update")?, request))
    }

    /// Encodes the request that ends a record.
    pub fn end(&self, request_id: &str, id: &str, etag: &str) -> Vec<u8> {
        let day = json!({"year": 2039, "month": 1, "day": 1});
        let request = json!({"request_id": request_id, "id": id, "end_date": day, "etag": etag});
        encode(self.path("End").expect("a method"), request)
    }

    /// Returns the fields of a verb's request besides the record's.
    ///
    /// # Panics
    /// Panics if the kind has no such verb.
    pub fn given(&self, city: &City, verb: &str) -> Value {
        (self.verb(verb).fields)(city)
    }

    /// Returns the record that must exist before a verb, with its kind.
    pub fn needed(&self, city: &City, verb: &str, id: &str) -> Option<(Kind, Value)> {
        let (kind, record) = self.verb(verb).needs?;
        let kind = KINDS.iter().find(|known| known.kind == kind);
        Some((*kind.expect("a kind"), record(city, id)))
    }

    fn verb(&self, verb: &str) -> &'static Verb {
        let known = self.verbs.iter().find(|known| known.name == verb);
        known.expect("a verb")
    }

    /// Encodes the request of a verb.
    pub fn act(
        &self,
        given: &Value,
        verb: &str,
        request_id: &str,
        id: &str,
        etag: &str,
    ) -> Vec<u8> {
        let mut request = given.clone();
        request["request_id"] = json!(request_id);
        request["id"] = json!(id);
        request["etag"] = json!(etag);
        encode(&self.verb_path(verb), request)
    }

    /// Returns the path of a verb's method.
    pub fn verb_path(&self, verb: &str) -> String {
        format!("/{}/{verb}", self.service)
    }

    /// Encodes the request that reads a record.
    pub fn get(&self, id: &str) -> Vec<u8> {
        encode(self.path("Get").expect("a method"), json!({"id": id}))
    }
}

/// Creates a record of every kind that the release serves, and one for each course of each
/// kind.
///
/// # Panics
/// Panics if one is refused.
pub async fn make_all(site: &Site, city: &mut City) {
    for kind in KINDS {
        if !is_served(site, kind).await {
            city.plain.remove(kind.kind);
            continue;
        }
        let id = make(site, city, kind).await;
        for verb in kind.ready {
            take(site, city, kind, verb, &id).await;
        }
        city.plain.insert(kind.kind, id);
        // A shift for the person as well, who claims group messages in other samples.
        if kind.kind == "duty_shift" {
            let mut duty = kind.sample(city, 2021, false);
            duty["person_id"] = json!(city.person);
            make_of(site, kind, duty).await;
        }
        if ["volunteer", "resource"].contains(&kind.kind) {
            for _ in 0..SPARES {
                let spare = make(site, city, kind).await;
                match kind.kind {
                    "volunteer" => city.spares.push(spare),
                    _ => city.spare_resources.push(spare),
                }
            }
        }
        for (number, _) in kind.courses.iter().enumerate() {
            let id = make(site, city, kind).await;
            city.courses.insert((kind.kind, number), id);
        }
    }
}

/// Returns false if the release is older than the kind: then it doesn't know its methods.
pub async fn is_served(site: &Site, kind: &Kind) -> bool {
    let path = kind.path("Get").expect("a method");
    let token = site.token(kind.writer, Some(""), None);
    let body = kind.get(&request_id());
    let answer = raw::settle(&site.bare(Service::of(path)[0]), Some(&token), path, &body).await;
    answer.code() != Code::Unimplemented
}

/// Number of volunteers, and of resources, that can each be used up once.
const SPARES: usize = 20;

/// Creates a record of a kind and returns its id.
///
/// # Panics
/// Panics if it is refused.
pub async fn make(site: &Site, city: &City, kind: &Kind) -> String {
    make_of(site, kind, kind.sample(city, kind.since(), false)).await
}

/// Returns the kind with a name.
///
/// # Panics
/// Panics if there is none.
pub fn kind(name: &str) -> &'static Kind {
    let kind = KINDS.iter().find(|kind| kind.kind == name);
    kind.unwrap_or_else(|| panic!("{name} is no kind"))
}

/// Creates a record without retrying. Returns its id, or the refusal.
pub async fn enter(site: &Site, kind: &Kind, record: Value) -> Result<String, raw::Answer> {
    let path = kind.path("Create").expect("a method");
    let token = site.token(kind.writer, Some(""), None);
    let body = kind.create(&request_id(), record);
    let answer = raw::call(&site.bare(Service::of(path)[0]), Some(&token), path, &body).await;
    match answer.messages.first() {
        Some(message) => Ok(field(&decode(path, message), "id")),
        None => Err(answer),
    }
}

async fn make_of(site: &Site, kind: &Kind, record: Value) -> String {
    let path = kind.path("Create").expect("a method");
    let token = site.token(kind.writer, Some(""), None);
    let body = kind.create(&request_id(), record);
    let channel = site.bare(Service::of(path)[0]);
    // Retried until the feed has delivered the records that it references.
    let answer = until(|| async {
        let answer = raw::settle(&channel, Some(&token), path, &body).await;
        (answer.reason() != "REFERENCE_UNKNOWN").then_some(answer)
    });
    let answer = answer.await;
    let message = answer.messages.first();
    let message = message.unwrap_or_else(|| panic!("{path}: {:?}", answer.status));
    field(&decode(path, message), "id")
}

/// Applies a verb, after creating the record that it needs. Returns the new state, or the
/// refusal.
pub async fn attempt(
    site: &Site,
    city: &City,
    kind: &Kind,
    verb: &str,
    id: &str,
) -> Result<String, raw::Answer> {
    if let Some((kind, record)) = kind.needed(city, verb, id) {
        let path = kind.path("Create").expect("a method");
        let token = site.token(kind.writer, Some(""), None);
        let body = kind.create(&request_id(), record);
        // May be refused as well if the verb is illegal in this state.
        raw::call(&site.bare(Service::of(path)[0]), Some(&token), path, &body).await;
    }
    act(site, kind, verb, id, &kind.given(city, verb)).await
}

/// Applies a verb with given fields. Returns the new state, or the refusal.
pub async fn act(
    site: &Site,
    kind: &Kind,
    verb: &str,
    id: &str,
    given: &Value,
) -> Result<String, raw::Answer> {
    let path = kind.verb_path(verb);
    let role = policy(&path).expect("a policy").roles[0];
    let token = site.token(role, Some(""), None);
    let body = kind.act(given, verb, &request_id(), id, "");
    let channel = site.bare(Service::of(&path)[0]);
    let answer = raw::settle(&channel, Some(&token), &path, &body).await;
    match answer.messages.first() {
        Some(message) => Ok(state(&decode(&path, message))),
        None => Err(answer),
    }
}

/// Applies a legal verb and returns the new state.
///
/// # Panics
/// Panics if it is refused.
pub async fn take(site: &Site, city: &City, kind: &Kind, verb: &str, id: &str) -> String {
    let taken = attempt(site, city, kind, verb, id).await;
    taken.unwrap_or_else(|answer| panic!("{verb}: {:?}", answer.status))
}

/// Changes a record, if its kind can be changed, and ends it, if it is dated.
///
/// # Panics
/// Panics if either is refused.
pub async fn change_and_end(site: &Site, kind: &Kind, id: &str) {
    let token = site.token(kind.writer, Some(""), None);
    let update = kind.update(&request_id(), id, "");
    let end = kind.dated.then(|| kind.end(&request_id(), id, ""));
    for (verb, body) in [("Update", update), ("End", end)] {
        let (Some(path), Some(body)) = (kind.path(verb), body) else {
            continue;
        };
        let channel = site.bare(Service::of(path)[0]);
        let answer = raw::settle(&channel, Some(&token), path, &body).await;
        assert_eq!(answer.code(), Code::Ok, "{path}: {:?}", answer.status);
    }
}

/// Returns the name of a record's state from its last step; `none` before the first step.
fn state(message: &DynamicMessage) -> String {
    let steps = message.get_field_by_name("steps").expect("steps");
    let last = steps.as_list().expect("a list").last().cloned();
    last.map_or_else(
        || "none".to_owned(),
        |step| field(step.as_message().expect("a step"), "state"),
    )
}

/// Returns ids that belong to no records, one for every kind.
pub fn unmade() -> BTreeMap<&'static str, String> {
    KINDS.iter().map(|kind| (kind.kind, request_id())).collect()
}

/// Converts a field name to the JSON form of a mask: `handlerPersonId`.
fn in_mask(field: &str) -> String {
    let mut words = field.split('_');
    let mut name = words.next().unwrap_or_default().to_owned();
    for word in words {
        let (first, rest) = word.split_at(1);
        name += &(first.to_uppercase() + rest);
    }
    name
}
