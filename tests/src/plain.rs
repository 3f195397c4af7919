//! Plain records of every kind, made and asked for by what the contracts say of
//! them: a kind is named once, with one sample.

use std::{collections::BTreeMap, sync::LazyLock};

use prost::Message as _;
use prost_reflect::{
    DescriptorPool, DynamicMessage, MessageDescriptor, MethodDescriptor, ReflectMessage as _,
};
use serde_json::{Value, json};
use wangge_api::policy::{METHODS, Role};

use crate::{
    City, Service,
    city::{COMMUNITY, GRID, request_id},
    raw,
    site::Site,
    until,
};

static CONTRACTS: LazyLock<DescriptorPool> = LazyLock::new(|| {
    DescriptorPool::decode(wangge_api::FILE_DESCRIPTOR_SET).expect("the contracts")
});

/// A kind of plain record.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// The gRPC service that serves it.
    pub service: &'static str,
    /// Its message.
    pub name: &'static str,
    /// What it is called where a record is named.
    pub kind: &'static str,
    /// Where the sample lies.
    pub area: &'static str,
    /// The field of the sample by which it can lie out of reach: the area, or
    /// the record where it lies.
    pub placed_by: &'static str,
    /// A field that an update changes, with its new value; none if nothing can
    /// be changed.
    pub change: Option<(&'static str, &'static str)>,
    /// Who enters it.
    pub writer: Role,
    /// Whether it holds from a day to a day.
    pub dated: bool,
    /// A record of the kind, without its days.
    sample: fn(&City) -> Value,
}

/// Every kind, each behind those that it names.
pub const KINDS: &[Kind] = &[
    Kind {
        service: "wangge.organization.v1.EstateService",
        name: "Estate",
        kind: "estate",
        area: COMMUNITY,
        placed_by: "area_code",
        change: Some(("name", "新名字")),
        writer: Role::Admin,
        dated: true,
        sample: |_| json!({"name": "和平里", "area_code": COMMUNITY}),
    },
    Kind {
        service: "wangge.organization.v1.EstateService",
        name: "Building",
        kind: "building",
        area: GRID,
        placed_by: "estate_id",
        change: Some(("name", "2幢")),
        writer: Role::Admin,
        dated: true,
        sample: |city| json!({"name": "1幢", "area_code": GRID, "estate_id": city.plain("estate")}),
    },
    Kind {
        service: "wangge.organization.v1.EstateService",
        name: "Household",
        kind: "household",
        area: GRID,
        placed_by: "building_id",
        change: Some(("room", "2单元202室")),
        writer: Role::Admin,
        dated: true,
        sample: |city| json!({"room": "1单元101室", "building_id": city.plain("building")}),
    },
    Kind {
        service: "wangge.organization.v1.ResidentService",
        name: "Resident",
        kind: "resident",
        area: GRID,
        placed_by: "household_id",
        change: Some(("name", "张戊二")),
        writer: Role::Admin,
        dated: true,
        sample: |city| json!({"name": "张戊一", "household_id": city.plain("household")}),
    },
    Kind {
        service: "wangge.organization.v1.ResidentService",
        name: "NeedTag",
        kind: "need_tag",
        area: GRID,
        placed_by: "resident_id",
        change: Some(("note", "每周上门一次")),
        writer: Role::Admin,
        dated: true,
        sample: |city| {
            json!({
                "resident_id": city.plain("resident"),
                "kind": "NEED_KIND_LIVES_ALONE",
                "team": "NEED_TEAM_PARTY_MEMBERS",
            })
        },
    },
    Kind {
        service: "wangge.organization.v1.ResidentService",
        name: "ResidentRole",
        kind: "resident_role",
        area: GRID,
        placed_by: "resident_id",
        change: None,
        writer: Role::Admin,
        dated: true,
        sample: |city| json!({"resident_id": city.plain("resident"), "kind": "RESIDENT_ROLE_KIND_MEDIATOR"}),
    },
    Kind {
        service: "wangge.organization.v1.CoGovernanceService",
        name: "Membership",
        kind: "membership",
        area: COMMUNITY,
        placed_by: "area_code",
        change: None,
        writer: Role::Admin,
        dated: true,
        sample: |city| {
            json!({
                "role": "MEMBERSHIP_ROLE_RESIDENT",
                "resident_id": city.plain("resident"),
                "area_code": COMMUNITY,
            })
        },
    },
    Kind {
        service: "wangge.organization.v1.CoGovernanceService",
        name: "Seat",
        kind: "seat",
        area: COMMUNITY,
        placed_by: "area_code",
        change: None,
        writer: Role::Admin,
        dated: true,
        sample: |city| {
            json!({
                "kind": "SEAT_KIND_PART_TIME",
                "person_id": city.person,
                "unit_id": city.unit,
                "area_code": COMMUNITY,
            })
        },
    },
    Kind {
        service: "wangge.volunteers.v1.VolunteerService",
        name: "Volunteer",
        kind: "volunteer",
        area: COMMUNITY,
        placed_by: "area_code",
        change: Some(("name", "李己二")),
        writer: Role::Staff,
        dated: true,
        sample: |_| json!({"name": "李己一", "area_code": COMMUNITY, "skills": ["理发"]}),
    },
    Kind {
        service: "wangge.volunteers.v1.VolunteerService",
        name: "Team",
        kind: "team",
        area: COMMUNITY,
        placed_by: "area_code",
        change: Some(("name", "红帽子二队")),
        writer: Role::Staff,
        dated: true,
        sample: |_| json!({"name": "红帽子", "kind": "TEAM_KIND_RED_CAPS", "area_code": COMMUNITY}),
    },
    Kind {
        service: "wangge.volunteers.v1.VolunteerService",
        name: "TeamMember",
        kind: "team_member",
        area: COMMUNITY,
        placed_by: "team_id",
        change: None,
        writer: Role::Staff,
        dated: true,
        sample: |city| json!({"team_id": city.plain("team"), "volunteer_id": city.plain("volunteer")}),
    },
    Kind {
        service: "wangge.volunteers.v1.VolunteerService",
        name: "ServicePost",
        kind: "service_post",
        area: GRID,
        placed_by: "area_code",
        change: Some(("name", "楼道巡查岗")),
        writer: Role::Staff,
        dated: true,
        sample: |_| json!({"name": "安全巡查岗", "planned_count": 2, "area_code": GRID}),
    },
    Kind {
        service: "wangge.volunteers.v1.VolunteerService",
        name: "PostHolder",
        kind: "post_holder",
        area: GRID,
        placed_by: "service_post_id",
        change: None,
        writer: Role::Staff,
        dated: true,
        sample: |city| {
            json!({
                "service_post_id": city.plain("service_post"),
                "volunteer_id": city.plain("volunteer"),
            })
        },
    },
    Kind {
        service: "wangge.volunteers.v1.StationService",
        name: "Station",
        kind: "station",
        area: COMMUNITY,
        placed_by: "area_code",
        change: Some(("name", "便民站")),
        writer: Role::Staff,
        dated: true,
        sample: |_| json!({"name": "便民服务站", "kind": "STATION_KIND_CONVENIENCE", "area_code": COMMUNITY}),
    },
    Kind {
        service: "wangge.volunteers.v1.StationService",
        name: "FunctionalArea",
        kind: "functional_area",
        area: COMMUNITY,
        placed_by: "station_id",
        change: Some(("name", "日托室")),
        writer: Role::Staff,
        dated: true,
        sample: |city| json!({"name": "日间照料室", "capacity": 8, "station_id": city.plain("station")}),
    },
    Kind {
        service: "wangge.volunteers.v1.StationService",
        name: "CatalogueItem",
        kind: "catalogue_item",
        area: COMMUNITY,
        placed_by: "station_id",
        change: Some(("name", "上门助浴")),
        writer: Role::Staff,
        dated: true,
        sample: |city| {
            json!({
                "name": "助浴",
                "price_kind": "PRICE_KIND_AT_COST",
                "price_fen": 1500,
                "station_id": city.plain("station"),
            })
        },
    },
    Kind {
        service: "wangge.volunteers.v1.StationService",
        name: "ProviderContract",
        kind: "provider_contract",
        area: COMMUNITY,
        placed_by: "area_code",
        change: Some(("subject", "居家养老服务")),
        writer: Role::Staff,
        dated: true,
        sample: |city| {
            json!({
                "unit_id": city.unit,
                "subject": "养老服务",
                "amount_fen": 100_000,
                "area_code": COMMUNITY,
            })
        },
    },
    Kind {
        service: "wangge.volunteers.v1.StationService",
        name: "SubsidyEntry",
        kind: "subsidy_entry",
        area: COMMUNITY,
        placed_by: "station_id",
        change: None,
        writer: Role::Staff,
        dated: false,
        sample: |city| {
            json!({
                "station_id": city.plain("station"),
                "amount_fen": 5000,
                "entry_date": {"year": 2021, "month": 1, "day": 1},
                "purpose": "设备",
            })
        },
    },
];

impl Kind {
    /// The path of a method of this kind, e.g. `Create`; none if it has no such
    /// method.
    pub fn path(&self, verb: &str) -> Option<&'static str> {
        let wanted = format!("/{}/{verb}{}", self.service, self.name);
        METHODS.iter().copied().find(|path| *path == wanted)
    }

    /// The path of its list.
    pub fn list(&self) -> &'static str {
        let items = format!("{}.{}", package(self.service), self.name);
        let list = METHODS.iter().copied().find(|path| {
            path.starts_with(&format!("/{}/List", self.service))
                && listed(path).is_some_and(|listed| listed.full_name() == items)
        });
        list.expect("a list")
    }

    /// A record that holds from the first day of a year for two years, or on
    /// and on.
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

    /// The request that enters a record.
    pub fn create(&self, request_id: &str, record: Value) -> Vec<u8> {
        let path = self.path("Create").expect("a method");
        let mut request = json!({"request_id": request_id});
        request[self.kind] = record;
        encode(path, request)
    }

    /// The request that changes a record.
    pub fn update(&self, request_id: &str, id: &str, etag: &str) -> Option<Vec<u8>> {
        let (field, value) = self.change?;
        let mut request = json!({"request_id": request_id, "update_mask": field});
        request[self.kind] = json!({"id": id, "etag": etag});
        request[self.kind][field] = json!(value);
        Some(encode(self.path("Update")?, request))
    }

    /// The request that ends a record.
    pub fn end(&self, request_id: &str, id: &str, etag: &str) -> Vec<u8> {
        let day = json!({"year": 2039, "month": 1, "day": 1});
        let request = json!({"request_id": request_id, "id": id, "end_date": day, "etag": etag});
        encode(self.path("End").expect("a method"), request)
    }

    /// The request that reads a record.
    pub fn get(&self, id: &str) -> Vec<u8> {
        encode(self.path("Get").expect("a method"), json!({"id": id}))
    }
}

/// Makes a record of every kind; answers their ids by kind.
///
/// # Panics
/// When one is refused.
pub async fn make_all(site: &Site, city: &mut City) {
    for kind in KINDS {
        let path = kind.path("Create").expect("a method");
        let service = Service::of(path)[0];
        let token = site.token(kind.writer, Some(""), None);
        let body = kind.create(&request_id(), kind.sample(city, 2021, false));
        let channel = site.bare(service);
        // Until the feed has brought what it names.
        let answer = until(|| async {
            let answer = raw::call(&channel, Some(&token), path, &body).await;
            (answer.reason() != "REFERENCE_UNKNOWN").then_some(answer)
        });
        let answer = answer.await;
        let message = answer.messages.first();
        let message = message.unwrap_or_else(|| panic!("{path}: {:?}", answer.status));
        let id = field(&decode(path, message), "id");
        city.plain.insert(kind.kind, id);
    }
}

/// Ids that no record has, for every kind.
pub fn unmade() -> BTreeMap<&'static str, String> {
    KINDS.iter().map(|kind| (kind.kind, request_id())).collect()
}

fn package(service: &str) -> &str {
    service.rsplit_once('.').map_or("", |(package, _)| package)
}

fn method(path: &str) -> MethodDescriptor {
    let (service, name) = path[1..].split_once('/').expect("a path");
    let service = CONTRACTS.get_service_by_name(service).expect("a service");
    let mut methods = service.methods();
    methods
        .find(|method| method.name() == name)
        .expect("a method")
}

/// What a list's pages hold.
fn listed(path: &str) -> Option<MessageDescriptor> {
    let page = method(path).output();
    let items = page
        .fields()
        .find(prost_reflect::FieldDescriptor::is_list)?;
    items.kind().as_message().cloned()
}

/// A request of a method, from JSON by the fields' names.
///
/// # Panics
/// When the method has no such fields.
pub fn encode(path: &str, request: Value) -> Vec<u8> {
    let message = DynamicMessage::deserialize(method(path).input(), request);
    message
        .unwrap_or_else(|error| panic!("{path}: {error}"))
        .encode_to_vec()
}

/// An answer of a method.
///
/// # Panics
/// When it is none.
pub fn decode(path: &str, answer: &[u8]) -> DynamicMessage {
    DynamicMessage::decode(method(path).output(), answer).expect("an answer")
}

/// A text of a message.
///
/// # Panics
/// When it has no such text.
pub fn field(message: &DynamicMessage, name: &str) -> String {
    let value = message.get_field_by_name(name).expect("a field");
    value.as_str().expect("a text").to_owned()
}

/// A text of each item of a page.
///
/// # Panics
/// When the answer is no page.
pub fn items(path: &str, page: &[u8], name: &str) -> Vec<String> {
    let page = decode(path, page);
    let descriptor = page.descriptor();
    let items = descriptor
        .fields()
        .find(prost_reflect::FieldDescriptor::is_list)
        .expect("items");
    let items = page.get_field(&items);
    let items = items.as_list().expect("a list").iter();
    items
        .map(|item| field(item.as_message().expect("a message"), name))
        .collect()
}
