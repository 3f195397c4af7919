//! The guards of plain records: writes that are refused because of other records, by the
//! guard's name in the contract, and invariants under concurrent writes.

use chrono::{Datelike as _, Days, NaiveDate, TimeDelta};
use serde_json::{Value, json};
use tonic_types::StatusExt as _;
use wangge_kernel::{
    clock::Clock,
    limit::{DEFAULT_ZONE, day_of},
};
use wangge_tests::{
    City, World,
    city::{GRID, SIBLING, request_id},
    plain::{self, act, enter},
    raw,
};

/// Returns `ok`, the guard that refused the write, or the reason of the refusal. For a
/// guard of a reference, the kind of the referenced record follows.
fn outcome(answer: Result<String, raw::Answer>) -> String {
    let Err(answer) = answer else {
        return "ok".to_owned();
    };
    let failed = answer.status.get_details_precondition_failure();
    let failed = failed.and_then(|failure| failure.violations.into_iter().next());
    match failed {
        Some(one) if one.r#type.starts_with("REFERENCE_") => {
            format!("{}: {}", one.r#type, one.subject)
        }
        Some(one) if one.r#type != "STATE" => one.r#type,
        _ => answer.reason(),
    }
}

fn date(day: NaiveDate) -> Value {
    json!({"year": day.year(), "month": day.month(), "day": day.day()})
}

struct Bench {
    world: World,
    city: City,
}

impl Bench {
    async fn start() -> Self {
        let world = World::start().await;
        let city = City::build(&world).await;
        Self { world, city }
    }

    /// Returns a sample of a kind with some fields replaced.
    fn sample(&self, kind: &str, other: Value) -> Value {
        let mut sample = plain::kind(kind).sample(&self.city, 2021, false);
        for (field, value) in other.as_object().expect("fields") {
            sample[field] = value.clone();
        }
        sample
    }

    /// Creates such a record and returns its id.
    async fn made(&self, kind: &str, other: Value) -> String {
        let sample = self.sample(kind, other);
        let made = enter(&self.world, plain::kind(kind), sample).await;
        made.unwrap_or_else(|answer| panic!("{kind}: {:?}", answer.status))
    }

    /// Returns the outcome of creating such a record.
    async fn entering(&self, kind: &str, other: Value) -> String {
        let sample = self.sample(kind, other);
        outcome(enter(&self.world, plain::kind(kind), sample).await)
    }

    /// Returns the outcome of a verb.
    async fn acting(&self, kind: &str, verb: &str, id: &str, given: Value) -> String {
        outcome(act(&self.world, plain::kind(kind), verb, id, &given).await)
    }

    /// Applies verbs that are legal.
    async fn taken(&self, kind: &str, id: &str, verbs: &[&str]) {
        for verb in verbs {
            plain::take(&self.world, &self.city, plain::kind(kind), verb, id).await;
        }
    }

    /// Creates many records concurrently. Returns how many succeeded, and why the others
    /// were refused.
    async fn at_once(&self, kind: &str, others: Vec<Value>) -> (usize, Vec<String>) {
        let entering = others.into_iter().map(|other| self.entering(kind, other));
        let outcomes = futures::future::join_all(entering).await;
        let made = outcomes.iter().filter(|outcome| *outcome == "ok").count();
        let mut why: Vec<String> = outcomes
            .into_iter()
            .filter(|outcome| outcome != "ok")
            .collect();
        why.dedup();
        (made, why)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_and_shifts() {
    let bench = Bench::start().await;
    let later = json!({"start_time": "2039-01-01T00:00:00Z", "end_time": "2039-01-01T02:00:00Z"});
    let event = bench.made("service_event", later).await;
    let hold = bench.acting("service_event", "HoldServiceEvent", &event, json!({}));
    assert_eq!(hold.await, "NOT_BEGUN");
    bench
        .taken("service_event", &event, &["CancelServiceEvent"])
        .await;
    let record = json!({"station_id": "", "service_event_id": event});
    assert_eq!(
        bench.entering("service_record", record).await,
        "REFERENCE_STATE: service_event"
    );

    let off = bench.made("service_event", json!({})).await;
    let shift = bench.made("shift", json!({"service_event_id": off})).await;
    bench
        .taken("service_event", &off, &["CancelServiceEvent"])
        .await;
    let someone = json!({"volunteer_id": bench.city.spare()});
    let filled = bench.acting("shift", "FillShift", &shift, someone);
    assert_eq!(
        filled.await,
        "STATE_CONFLICT",
        "it was cancelled with the event"
    );

    // A volunteer can't fill overlapping shifts; consecutive ones are fine.
    let shift = |from: u32, to: u32| {
        json!({
            "start_time": format!("2030-01-01T{from:02}:00:00Z"),
            "end_time": format!("2030-01-01T{to:02}:00:00Z"),
        })
    };
    let volunteer = json!({"volunteer_id": bench.city.spare()});
    let first = bench.made("shift", shift(8, 10)).await;
    let beside = bench.made("shift", shift(9, 11)).await;
    let behind = bench.made("shift", shift(10, 12)).await;
    for (id, expected) in [(&first, "ok"), (&beside, "SHIFT_OVERLAPS"), (&behind, "ok")] {
        let filled = bench.acting("shift", "FillShift", id, volunteer.clone());
        assert_eq!(filled.await, expected);
    }
    // Once the others are released, the volunteer can fill it.
    bench.taken("shift", &first, &["ReleaseShift"]).await;
    bench.taken("shift", &behind, &["ReleaseShift"]).await;
    assert_eq!(
        bench.acting("shift", "FillShift", &beside, volunteer).await,
        "ok"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn projects_have_so_many_places() {
    let bench = Bench::start().await;
    let project = bench.made("project", json!({"place_count": 3})).await;
    let claims = (0..12).map(|_| json!({"project_id": project})).collect();
    let (made, why) = bench.at_once("project_claim", claims).await;
    assert_eq!((made, why), (3, vec!["PROJECT_FULL".to_owned()]));

    let project = bench.made("project", json!({"place_count": 2})).await;
    let claim = json!({"project_id": project, "volunteer_id": bench.city.plain("volunteer")});
    let claimed = bench.made("project_claim", claim.clone()).await;
    assert_eq!(
        bench.entering("project_claim", claim.clone()).await,
        "CLAIMED_ALREADY"
    );
    bench
        .taken("project_claim", &claimed, &["WithdrawProjectClaim"])
        .await;
    assert_eq!(bench.entering("project_claim", claim.clone()).await, "ok");

    let beneficiary = json!({"project_id": project, "resident_id": request_id()});
    assert_eq!(
        bench.entering("beneficiary", beneficiary.clone()).await,
        "REFERENCE_STATE: project"
    );
    let other = bench.made("need", json!({})).await;
    let other = bench.made("need_match", json!({"need_id": other})).await;
    let given = json!({"need_match_id": other});
    let matched = bench.acting("project", "MatchProject", &project, given);
    assert_eq!(matched.await, "MATCH_OF_OTHER_NEED");
    bench
        .taken("project", &project, &["MatchProject", "StartProject"])
        .await;
    assert_eq!(
        bench.entering("beneficiary", beneficiary.clone()).await,
        "ok"
    );
    assert_eq!(
        bench.entering("beneficiary", beneficiary).await,
        "BENEFITS_ALREADY"
    );
    bench.taken("project", &project, &["FinishProject"]).await;
    let late = json!({"project_id": project, "volunteer_id": bench.city.spare()});
    assert_eq!(
        bench.entering("project_claim", late).await,
        "REFERENCE_STATE: project"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_booked_when_they_are_held() {
    let bench = Bench::start().await;
    let today = day_of(Clock::default().now(), DEFAULT_ZONE);
    let after = |days| date(today + Days::new(days));
    let full = bench
        .made("recurring_session", json!({"capacity": 2}))
        .await;
    let book = |day: Value| json!({"recurring_session_id": full, "session_date": day});
    let (made, why) = bench.at_once("booking", vec![book(after(7)); 10]).await;
    assert_eq!((made, why), (2, vec!["SESSION_FULL".to_owned()]));
    assert_eq!(
        bench.entering("booking", book(after(8))).await,
        "SESSION_NOT_HELD"
    );
    let past = date(today - Days::new(7));
    assert_eq!(bench.entering("booking", book(past)).await, "SESSION_OVER");
    let closed = json!({"closed_date": after(14), "station_id": bench.city.plain("station")});
    bench.made("closed_day", closed).await;
    assert_eq!(
        bench.entering("booking", book(after(14))).await,
        "STATION_CLOSED"
    );
    let resident = request_id();
    let mine =
        json!({"recurring_session_id": full, "session_date": after(21), "resident_id": resident});
    let booked = bench.made("booking", mine.clone()).await;
    assert_eq!(
        bench.entering("booking", mine.clone()).await,
        "BOOKED_ALREADY"
    );
    let attend = bench.acting("booking", "AttendBooking", &booked, json!({}));
    assert_eq!(attend.await, "NOT_BEGUN");
    bench.taken("booking", &booked, &["CancelBooking"]).await;
    assert_eq!(
        bench.entering("booking", mine).await,
        "ok",
        "its place is free again"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn stations_and_paths() {
    let bench = Bench::start().await;
    let duty = json!({"person_id": request_id()});
    assert_eq!(bench.entering("station_duty", duty.clone()).await, "ok");
    assert_eq!(
        bench.entering("station_duty", duty).await,
        "ON_DUTY_ALREADY"
    );
    let venue = json!({"position": 999});
    assert_eq!(bench.entering("route_venue", venue.clone()).await, "ok");
    assert_eq!(bench.entering("route_venue", venue).await, "POSITION_TAKEN");
    let case = bench
        .made("agency_case", json!({"is_authorised": false}))
        .await;
    bench
        .taken("agency_case", &case, &["CompleteAgencyCaseMaterials"])
        .await;
    let submitted = bench.acting("agency_case", "SubmitAgencyCase", &case, json!({}));
    assert_eq!(submitted.await, "NOT_AUTHORISED");
    let wish = bench.made("wish", json!({})).await;
    bench.taken("wish", &wish, &["ReviewWish"]).await;
    let both = json!({"volunteer_id": bench.city.spare(), "unit_id": bench.city.unit});
    assert_eq!(
        bench.acting("wish", "ClaimWish", &wish, both).await,
        "FIELD_INVALID"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_replies_is_on_duty_and_on_one_duty() {
    let bench = Bench::start().await;
    let message = bench.made("group_message", json!({})).await;
    let stranger = json!({"person_id": request_id()});
    let claimed = bench.acting("group_message", "ClaimGroupMessage", &message, stranger);
    assert_eq!(claimed.await, "NOT_ON_DUTY");
    let now = Clock::default().now();
    let overlapping = json!({
        "person_id": bench.city.person,
        "start_time": now.to_rfc3339(),
        "end_time": (now + TimeDelta::hours(1)).to_rfc3339(),
        "area_code": GRID,
    });
    assert_eq!(
        bench.entering("duty_shift", overlapping).await,
        "ON_DUTY_ALREADY"
    );
    bench
        .taken(
            "group_message",
            &message,
            &["ClaimGroupMessage", "ReplyGroupMessage"],
        )
        .await;
    let again = json!({"reply": "再回复一次", "ticket_id": ""});
    let again = bench.acting("group_message", "ReplyGroupMessage", &message, again);
    assert_eq!(again.await, "STATE_CONFLICT");
}

#[tokio::test(flavor = "multi_thread")]
async fn matters_are_due_within_the_legal_limit() {
    let bench = Bench::start().await;
    let item = bench
        .made("livelihood_item", json!({"limit_days": 20}))
        .await;
    let today = day_of(Clock::default().now(), DEFAULT_ZONE);
    for (days, expected) in [(20, "ok"), (22, "BEYOND_LIMIT")] {
        let due = date(today + Days::new(days));
        let matter = json!({"livelihood_item_id": item, "due_date": due});
        assert_eq!(
            bench.entering("livelihood_matter", matter).await,
            expected,
            "{days}"
        );
    }
    let ended = json!({"end_date": {"year": 2022, "month": 1, "day": 1}});
    let ended = bench.made("livelihood_item", ended).await;
    let matter = json!({"livelihood_item_id": ended});
    assert_eq!(
        bench.entering("livelihood_matter", matter).await,
        "REFERENCE_NOT_CURRENT: livelihood_item"
    );
    // An item of another community can't be applied for here.
    let elsewhere = bench.made("livelihood_item", json!({"area_code": SIBLING}));
    let matter = json!({"livelihood_item_id": elsewhere.await});
    assert_eq!(
        bench.entering("livelihood_matter", matter).await,
        "REFERENCE_UNKNOWN"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn deliberations_take_four_parties_and_end_with_those_who_began_them() {
    let bench = Bench::start().await;
    let raiser = request_id();
    let topic = bench
        .made("deliberation", json!({"raiser_ids": [raiser]}))
        .await;
    let act =
        async |verb: &str, given: Value| bench.acting("deliberation", verb, &topic, given).await;
    bench
        .taken("deliberation", &topic, &["SetDeliberationTopic"])
        .await;
    let planned = bench.made("meeting", json!({})).await;
    let at = |meeting: &str| json!({"meeting_id": meeting});
    assert_eq!(
        act("DeliberateTopic", at(&planned)).await,
        "MEETING_NOT_HELD"
    );
    let three = json!({
        "committee_count": 3,
        "party_member_count": 4,
        "resident_count": 5,
        "minutes": "利害关系人缺席",
    });
    assert_eq!(
        bench
            .acting("meeting", "HoldMeeting", &planned, three)
            .await,
        "ok"
    );
    assert_eq!(act("DeliberateTopic", at(&planned)).await, "PARTY_MISSING");
    let early = json!({"deliberation_id": topic});
    assert_eq!(
        bench.entering("assignment", early.clone()).await,
        "REFERENCE_STATE: deliberation"
    );
    bench
        .taken(
            "deliberation",
            &topic,
            &["DeliberateTopic", "ResolveDeliberation"],
        )
        .await;
    assert_eq!(
        act("AssignDeliberation", json!({})).await,
        "NOTHING_ASSIGNED"
    );
    let open = json!({"deliberation_id": topic, "ticket_id": bench.city.ticket});
    let mistaken = bench.made("assignment", open).await;
    assert_eq!(act("AssignDeliberation", json!({})).await, "ok");
    assert_eq!(act("ImplementDeliberation", json!({})).await, "ok");
    let review = |who: &str| json!({"reviewer_id": who, "review": "已看过"});
    assert_eq!(
        act("ReviewDeliberation", review(&request_id())).await,
        "NOT_A_RAISER"
    );
    assert_eq!(
        act("ReviewDeliberation", review(&raiser)).await,
        "ASSIGNMENT_OPEN"
    );
    let void = async |id: &str| {
        let why = json!({"reason": "登记有误"});
        bench.acting("assignment", "VoidAssignment", id, why).await
    };
    assert_eq!(void(&mistaken).await, "ok");
    assert_eq!(
        act("ReviewDeliberation", review(&raiser)).await,
        "NOTHING_ASSIGNED"
    );
    let over = bench
        .made("assignment", json!({"deliberation_id": topic}))
        .await;
    assert_eq!(act("ReviewDeliberation", review(&raiser)).await, "ok");
    assert_eq!(void(&over).await, "DELIBERATION_REVIEWED");
}

/// Moves a record to one day: its first day, or the day or time at which it happened.
/// Returns true if it has any.
fn put_on(sample: &mut Value, kind: &plain::Kind, day: NaiveDate) -> bool {
    if kind.dated {
        sample["start_date"] = date(day);
        return true;
    }
    let noon = format!("{day}T04:00:00Z");
    let mut has_day = false;
    for (field, value) in sample.as_object_mut().expect("fields") {
        match field.as_str() {
            "due_date" => {}
            "end_time" => *value = json!(format!("{day}T05:00:00Z")),
            name if name.ends_with("_date") => {
                *value = date(day);
                has_day = true;
            }
            name if name.ends_with("_time") => {
                *value = json!(noon);
                has_day = true;
            }
            _ => {}
        }
    }
    has_day
}

fn package(service: &str) -> &str {
    service.rsplit_once('.').map_or("", |(package, _)| package)
}

/// A referenced record must hold on the day that counts, for every kind and every field
/// that references a dated record.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_named_holds_on_the_day_that_counts() {
    let bench = Bench::start().await;
    let today = day_of(Clock::default().now(), DEFAULT_ZONE);
    let [end, before] = [1, 2].map(|days| today - Days::new(days));
    let mut asked = Vec::new();
    for kind in plain::KINDS {
        for (field, named) in kind.names() {
            // Records of other services are known only by id, except for areas and units.
            let is_named = |one: &&plain::Kind| {
                one.kind == named && one.dated && package(one.service) == package(kind.service)
            };
            let Some(named) = plain::KINDS.iter().find(is_named) else {
                continue;
            };
            let mut sample = kind.sample(&bench.city, 2021, false);
            if sample[&field].is_null() {
                // A reference that excludes the sample's own replaces it.
                sample[&field] = json!(bench.city.plain(named.kind));
                let mut instead = false;
                let entered = enter(&bench.world, kind, sample.clone()).await;
                if outcome(entered) == "FIELD_INVALID" {
                    instead = true;
                    sample[kind.placed_by] = json!("");
                    let entered = enter(&bench.world, kind, sample.clone()).await;
                    if outcome(entered) == "FIELD_INVALID" {
                        continue;
                    }
                }
                // A new sample, since values of the one just created may be unique.
                sample = kind.sample(&bench.city, 2021, false);
                if instead {
                    sample[kind.placed_by] = json!("");
                }
            }
            let ended = json!({"start_date": date(before - Days::new(30)), "end_date": date(end)});
            let ended = match named.kind {
                // The session takes place on the day before its end.
                "recurring_session" => {
                    let weekday = before.weekday().number_from_monday();
                    json!({"start_date": ended["start_date"], "end_date": ended["end_date"], "weekday": weekday})
                }
                _ => ended,
            };
            sample[&field] = json!(bench.made(named.kind, ended).await);
            let case = format!("{}.{field}", kind.kind);
            let guard = format!("REFERENCE_NOT_CURRENT: {}", named.kind);
            let mut late = sample.clone();
            // Yesterday, not today: noon of today may still be in the future, and what has
            // happened can't be.
            let has_day = put_on(&mut late, kind, end);
            assert_eq!(
                outcome(enter(&bench.world, kind, late).await),
                guard,
                "{case}"
            );
            asked.push(case.clone());
            if !has_day {
                continue;
            }
            put_on(&mut sample, kind, before);
            let expected = match kind.kind {
                // The day is past, so it can't be booked.
                "booking" => "SESSION_OVER",
                _ => "ok",
            };
            if kind.dated {
                let longer = enter(&bench.world, kind, sample.clone()).await;
                assert_eq!(
                    outcome(longer),
                    guard,
                    "{case}: it would outlive what it names"
                );
                sample["end_date"] = date(end);
            }
            assert_eq!(
                outcome(enter(&bench.world, kind, sample).await),
                expected,
                "{case}"
            );
        }
    }
    assert!(asked.len() >= 35, "{asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_who_has_left_takes_anything_on() {
    let bench = Bench::start().await;
    let today = day_of(Clock::default().now(), DEFAULT_ZONE);
    let left = json!({"end_date": date(today)});
    let left = json!({"volunteer_id": bench.made("volunteer", left).await});
    let shift = bench.made("shift", json!({})).await;
    let wish = bench.made("wish", json!({})).await;
    bench.taken("wish", &wish, &["ReviewWish"]).await;
    let delivery = bench.made("delivery", json!({})).await;
    for (kind, verb, id) in [
        ("shift", "FillShift", shift),
        ("wish", "ClaimWish", wish),
        ("delivery", "CompleteDelivery", delivery),
    ] {
        let taken = bench.acting(kind, verb, &id, left.clone()).await;
        assert_eq!(taken, "REFERENCE_NOT_CURRENT: volunteer", "{verb}");
    }
}
