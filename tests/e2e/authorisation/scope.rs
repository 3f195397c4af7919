//! Which records a caller reaches: own, ancestor, sibling, child and foreign areas,
//! holders, former holders and unauthorised units. A record out of scope can't be
//! distinguished from a missing one.

mod records;
mod references;

use std::collections::BTreeSet;

use prost::{Message as _, bytes::Bytes};
use serde_json::json;
use tonic::Code;
use uuid::Uuid;
use wangge_api::{
    events::v1::{Event, ListEventsResponse, SubscribeResponse},
    policy::{METHODS, MethodPolicy, Role, Scope, policy},
    tickets::v1 as tickets,
};
use wangge_tests::{
    City, Service, World,
    city::{COMMUNITY, DISTRICT, FOREIGN, FOREIGN_COMMUNITY, GRID, SIBLING, STREET},
    feed,
    plain::{self, KINDS},
    raw, until,
};

/// The methods of the feed, which every service with records of its own serves.
const SUBSCRIBE: &str = "/wangge.events.v1.FeedService/Subscribe";
const LIST_CHANGES: &str = "/wangge.events.v1.FeedService/ListEvents";

/// A caller's area and unit, relative to the community.
#[derive(Debug, Clone, Copy)]
struct Position {
    name: &'static str,
    area: Option<&'static str>,
    unit: Option<Uuid>,
}

fn positions(city: &City) -> Vec<Position> {
    let at = |name, area| Position {
        name,
        area,
        unit: None,
    };
    let holds = |name, unit| Position {
        name,
        area: None,
        unit: Some(unit),
    };
    vec![
        at("nowhere", None),
        at("platform", Some("")),
        at("own", Some(COMMUNITY)),
        at("parent", Some(STREET)),
        at("ancestor", Some(DISTRICT)),
        at("child", Some(GRID)),
        at("sibling", Some(SIBLING)),
        at("foreign", Some(FOREIGN)),
        at("foreign community", Some(FOREIGN_COMMUNITY)),
        // Has the community's code as a prefix, but isn't an area.
        at("longer by a digit", Some("3204020030051")),
        holds("lead holder", city.lead.unit),
        holds("assisting holder", city.assisting.unit),
        holds("former holder", city.former.unit),
        holds("stranger", city.stranger),
        Position {
            name: "holder from a sibling",
            area: Some(SIBLING),
            unit: Some(city.lead.unit),
        },
        Position {
            name: "stranger from a sibling",
            area: Some(SIBLING),
            unit: Some(city.stranger),
        },
    ]
}

/// The rule of the policies: access by area unless the caller is a department, and by
/// holding where the method allows it.
fn reaches(
    policy: &MethodPolicy,
    role: Role,
    position: &Position,
    record_area: &str,
    holders: &[Uuid],
) -> bool {
    let by_area = position
        .area
        .is_some_and(|area| record_area.starts_with(area));
    let around = position
        .area
        .is_some_and(|area| !record_area.is_empty() && area.starts_with(record_area));
    let by_holding = position.unit.is_some_and(|unit| holders.contains(&unit));
    match policy.scope {
        Scope::Platform => true,
        Scope::Area => by_area,
        Scope::AreaOrAround => by_area || around,
        Scope::Holding => by_holding,
        Scope::AreaOrHolding => (by_area && role != Role::Department) || by_holding,
        Scope::Unspecified => false,
    }
}

/// Calls a method with every role of its policy from every position.
async fn from_everywhere(
    world: &World,
    city: &City,
    path: &str,
    mut check: impl AsyncFnMut(&MethodPolicy, Role, &Position, &str),
) {
    let policy = policy(path).expect("a policy");
    for role in policy.roles {
        for position in positions(city) {
            let token = world.token(*role, position.area, position.unit);
            check(policy, *role, &position, &token).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_outside_reads_like_a_missing_one() {
    let world = World::start().await;
    let city = City::build(&world).await;
    records::wait_for_reporting(&world).await;
    let table = records::table(&city);
    // Callers out of scope first, since calls from within change some records.
    for inside in [false, true] {
        for record in &table {
            let channel = world.bare(Service::of(record.path)[0]);
            from_everywhere(
                &world,
                &city,
                record.path,
                async |policy, role, position, token| {
                    let expected = reaches(policy, role, position, record.area, &record.holders);
                    if expected != inside {
                        return;
                    }
                    let what = format!("{} as {role:?} from {}", record.path, position.name);
                    let body = (record.body)(&record.name);
                    let there = raw::call(&channel, Some(token), record.path, &body).await;
                    if inside {
                        let refused = matches!(
                            there.code(),
                            Code::NotFound
                                | Code::PermissionDenied
                                | Code::Internal
                                | Code::Unknown
                        );
                        assert!(!refused, "{what}: {:?}", there.status);
                        return;
                    }
                    let body = (record.body)(&record.missing);
                    let missing = raw::call(&channel, Some(token), record.path, &body).await;
                    assert_eq!(there.code(), Code::NotFound, "{what}: {:?}", there.status);
                    assert_eq!(there.reason(), "RECORD_NOT_FOUND", "{what}");
                    assert_eq!(
                        there.told(&record.name),
                        missing.told(&record.missing),
                        "{what}"
                    );
                },
            )
            .await;
        }
    }
}

/// Acting on an order requires holding that order, not just any order of its ticket.
#[tokio::test(flavor = "multi_thread")]
async fn another_units_order_reads_like_a_missing_one() {
    let world = World::start().await;
    let city = City::build(&world).await;
    let channel = world.bare(Service::Tickets);
    let token = world.token(Role::Department, Some(""), Some(city.assisting.unit));
    for path in records::ORDER_VERBS {
        let body = |order: &str| records::order_verb(path, &city.ticket, order, "");
        let theirs = raw::call(&channel, Some(&token), path, &body(&city.lead.order)).await;
        let unheard_of = Uuid::now_v7().to_string();
        let missing = raw::call(&channel, Some(&token), path, &body(&unheard_of)).await;
        assert_eq!(theirs.code(), Code::NotFound, "{path}: {:?}", theirs.status);
        assert_eq!(
            theirs.told(&city.lead.order),
            missing.told(&unheard_of),
            "{path}"
        );
    }
}

/// A list, and a record that it must show to authorised callers only.
struct List {
    path: &'static str,
    record: String,
    /// Area that the record belongs to.
    area: &'static str,
    /// The field that identifies the record in the list.
    field: &'static str,
}

impl List {
    /// Encodes a request for the records within an area.
    fn within(&self, code: &str) -> Vec<u8> {
        plain::encode(self.path, json!({"within_code": code}))
    }
}

fn lists(city: &City) -> Vec<List> {
    let list = |path, record: &str, field| List {
        path,
        record: record.to_owned(),
        area: COMMUNITY,
        field,
    };
    let in_grid = |path| List {
        area: GRID,
        ..list(path, GRID, "area_code")
    };
    let mut lists = vec![
        list(
            "/wangge.organization.v1.AreaService/ListAreas",
            COMMUNITY,
            "code",
        ),
        list(
            "/wangge.organization.v1.UnitService/ListUnits",
            &city.unit,
            "id",
        ),
        list(
            "/wangge.organization.v1.PersonService/ListPeople",
            &city.person,
            "id",
        ),
        list(
            "/wangge.organization.v1.PersonService/ListAppointments",
            &city.appointment,
            "id",
        ),
        in_grid("/wangge.organization.v1.PersonService/ListVacancies"),
        in_grid("/wangge.organization.v1.ResidentService/ListNeedCounts"),
        list(
            "/wangge.tickets.v1.TicketService/ListTickets",
            &city.ticket,
            "id",
        ),
        List {
            area: GRID,
            ..list(
                "/wangge.tickets.v1.LivelihoodService/ListPublicLivelihoodMatters",
                city.plain("livelihood_matter"),
                "id",
            )
        },
        list(
            "/wangge.tickets.v1.CategoryService/ListResponsibilities",
            &city.responsibility,
            "id",
        ),
        list(
            "/wangge.volunteers.v1.OfficialService/ListRegistrations",
            &city.registration,
            "id",
        ),
        list(
            "/wangge.volunteers.v1.OfficialService/ListCheckInVisits",
            &city.visit,
            "id",
        ),
    ];
    lists.extend(KINDS.iter().map(|kind| List {
        area: kind.area,
        ..list(kind.list(), city.plain(kind.kind), "id")
    }));
    lists
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_shows_what_a_caller_reaches_and_nothing_else() {
    let world = World::start().await;
    let city = City::build(&world).await;
    let holders = [city.lead.unit, city.assisting.unit];
    for list in lists(&city) {
        let path = list.path;
        let channel = world.bare(Service::of(path)[0]);
        from_everywhere(
            &world,
            &city,
            path,
            async |policy, role, position, token| {
                let expected = reaches(policy, role, position, list.area, &holders);
                // Naming an area narrows the caller's scope and never widens it.
                for code in ["", STREET, COMMUNITY, GRID, SIBLING] {
                    let within_record = list.area.starts_with(code);
                    let body = list.within(code);
                    let answer = raw::call(&channel, Some(token), path, &body).await;
                    let what = format!("{path} within {code:?} as {role:?} from {}", position.name);
                    assert_eq!(answer.code(), Code::Ok, "{what}: {:?}", answer.status);
                    let shown = plain::items(path, &answer.messages[0], list.field);
                    let shown = shown.contains(&list.record);
                    assert_eq!(shown, expected && within_record, "{what}");
                }
            },
        )
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_tells_of_what_a_caller_reaches_and_nothing_else() {
    let world = World::start().await;
    let city = City::build(&world).await;
    for (service, record) in [
        (Service::Organization, &city.unit),
        (Service::Tickets, &city.ticket),
        (Service::Volunteers, &city.visit),
    ] {
        // Wait until the record's event has been numbered.
        until(|| async {
            let events = feed::read(&world, service).await.expect("the feed");
            events
                .iter()
                .any(|event| event.record_id == *record)
                .then_some(())
        })
        .await;
        let channel = world.bare(service);
        // A page has all events of the city.
        let list = plain::encode(LIST_CHANGES, json!({"page_size": 1000}));
        for (path, body) in [(SUBSCRIBE, &[][..]), (LIST_CHANGES, &list)] {
            from_everywhere(
                &world,
                &city,
                path,
                async |policy, role, position, token| {
                    let answer = raw::call(&channel, Some(token), path, body).await;
                    let what = format!(
                        "{path} of {} as {role:?} from {}",
                        service.name(),
                        position.name
                    );
                    assert_eq!(answer.code(), Code::Ok, "{what}: {:?}", answer.status);
                    let events = answer
                        .messages
                        .iter()
                        .flat_map(|message| told(path, message));
                    let mut events = events.map(|event| event.record_id);
                    assert_eq!(
                        events.any(|id| id == *record),
                        reaches(policy, role, position, COMMUNITY, &[]),
                        "{what}"
                    );
                },
            )
            .await;
        }
    }
}

/// Returns the events in a message of the feed.
fn told(path: &str, message: &Bytes) -> Vec<Event> {
    if path == SUBSCRIBE {
        let message = SubscribeResponse::decode(message.clone());
        return message.expect("a message").events;
    }
    let page = ListEventsResponse::decode(message.clone()).expect("a page");
    assert!(page.next_page_token.is_empty());
    page.events
}

/// Records referenced by a new record must be in the caller's scope as well.
#[tokio::test(flavor = "multi_thread")]
async fn a_reference_outside_reads_like_a_missing_one() {
    let world = World::start().await;
    let city = City::build(&world).await;
    for reference in references::table(&city) {
        let path = reference.path;
        let channel = world.bare(Service::of(path)[0]);
        from_everywhere(
            &world,
            &city,
            path,
            async |policy, role, position, token| {
                if reaches(policy, role, position, reference.area, &[]) {
                    return;
                }
                let what = format!("{path} as {role:?} from {}", position.name);
                let there = (reference.body)(&reference.name, position.area.unwrap_or_default());
                let there = raw::call(&channel, Some(token), path, &there).await;
                let missing =
                    (reference.body)(&reference.missing, position.area.unwrap_or_default());
                let missing = raw::call(&channel, Some(token), path, &missing).await;
                assert_eq!(
                    there.reason(),
                    "REFERENCE_UNKNOWN",
                    "{what}: {:?}",
                    there.status
                );
                assert_eq!(
                    there.told(&reference.name),
                    missing.told(&reference.missing),
                    "{what}"
                );
            },
        )
        .await;
    }
}

/// An import row that names an area out of scope is refused like one that names an area
/// that doesn't exist.
#[tokio::test(flavor = "multi_thread")]
async fn an_import_loads_nothing_outside_the_importers_area() {
    let world = World::start().await;
    let city = City::build(&world).await;
    let before = count_events(&world).await;
    for import in references::imports(&city) {
        let service = Service::of(import.path)[0];
        let channel = world.bare(service);
        for area in [None, Some(SIBLING), Some(FOREIGN), Some(GRID)] {
            let token = world.token(Role::Importer, area, None);
            let told = async |body: Vec<u8>, name: &str| {
                let request = raw::request(import.path, Some(&token), body.into());
                let answer = raw::send(&channel, request).await;
                assert_eq!(answer.code(), Code::Ok, "{:?}", answer.status);
                let result = references::first_result(&answer.messages[0]);
                format!("{result:?}").replace(name, "*")
            };
            let there = told((import.body)(&import.name), &import.name).await;
            let missing = told((import.body)(&import.missing), &import.missing).await;
            assert!(
                there.contains("REFERENCE_UNKNOWN"),
                "{} from {area:?}: {there}",
                import.path
            );
            assert_eq!(there, missing, "{} from {area:?}", import.path);
        }
    }
    assert_eq!(count_events(&world).await, before);
}

/// Counts the committed changes of all services.
async fn count_events(world: &World) -> i64 {
    let mut count = 0;
    for service in Service::FEEDS {
        let pool = &world.databases.of(service).calls;
        let events: i64 = sqlx::query_scalar("select count(*) from outbox")
            .fetch_one(pool)
            .await
            .expect("a count");
        count += events;
    }
    count
}

/// Ensures coverage: each method is in one of the tables above, or reaches no records of
/// any area.
#[tokio::test(flavor = "multi_thread")]
async fn every_method_is_in_a_table() {
    let city = City::unmade();
    let mut covered: BTreeSet<&str> = records::table(&city).iter().map(|row| row.path).collect();
    covered.extend(lists(&city).iter().map(|list| list.path));
    covered.extend(references::table(&city).iter().map(|row| row.path));
    covered.extend(references::imports(&city).iter().map(|row| row.path));
    covered.extend([SUBSCRIBE, LIST_CHANGES]);
    // An endless stream; tested with the wall.
    covered.insert("/wangge.reporting.v1.WallService/WatchWall");
    let on_the_platform: BTreeSet<&str> = METHODS
        .iter()
        .copied()
        .filter(|path| policy(path).is_some_and(|policy| policy.scope == Scope::Platform))
        .collect();
    let all: BTreeSet<&str> = METHODS.iter().copied().collect();
    let missing: Vec<&&str> = all
        .difference(&covered)
        .filter(|path| !on_the_platform.contains(*path))
        .collect();
    assert!(missing.is_empty(), "in no table: {missing:?}");
    let catalogues: BTreeSet<&str> = catalogues().iter().map(|row| row.0).collect();
    assert_eq!(on_the_platform, catalogues);
}

/// Returns a request for every method, framed.
pub(crate) fn bodies(city: &City) -> Vec<(&'static str, Vec<u8>)> {
    let framed = |body: Vec<u8>| raw::frame(&body).to_vec();
    let mut bodies: Vec<(&'static str, Vec<u8>)> = Vec::new();
    bodies.extend(
        references::table(city)
            .iter()
            .map(|row| (row.path, framed((row.body)(&row.name, "")))),
    );
    bodies.extend(
        lists(city)
            .iter()
            .map(|list| (list.path, framed(list.within("")))),
    );
    bodies.extend(
        references::imports(city)
            .iter()
            .map(|row| (row.path, (row.body)(&row.name))),
    );
    bodies.extend(catalogues());
    bodies.extend([SUBSCRIBE, LIST_CHANGES].map(|path| (path, framed(Vec::new()))));
    bodies.extend(
        records::table(city)
            .iter()
            .map(|row| (row.path, framed((row.body)(&row.name)))),
    );
    bodies
}

/// Methods that reach no records of any area.
fn catalogues() -> Vec<(&'static str, Vec<u8>)> {
    let limit = tickets::Limit {
        kind: tickets::LimitKind::CalendarDays.into(),
        amount: 3,
    };
    let category = tickets::Category {
        code: "0199".to_owned(),
        name: "其他".to_owned(),
        handling_limit: Some(limit),
        ..Default::default()
    };
    let request = tickets::CreateCategoryRequest {
        request_id: wangge_tests::city::request_id(),
        category: Some(category),
    };
    vec![
        (
            "/wangge.tickets.v1.CategoryService/CreateCategory",
            raw::frame(&request.encode_to_vec()).to_vec(),
        ),
        (
            "/wangge.tickets.v1.CategoryService/ListCategories",
            raw::frame(&[]).to_vec(),
        ),
        (
            "/wangge.reporting.v1.ReportService/ListFeedPositions",
            raw::frame(&[]).to_vec(),
        ),
    ]
}
