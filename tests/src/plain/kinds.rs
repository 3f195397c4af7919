//! The table of kinds: each is listed once, with a sample, its verbs and courses that
//! cover all verbs. It creates no records itself.

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::Datelike as _;
use serde_json::{Value, json};
use wangge_api::policy::Role;
use wangge_kernel::{
    clock::Clock,
    limit::{DEFAULT_ZONE, day_of},
};

use super::{Kind, Verb};
use crate::{
    City,
    city::{COMMUNITY, GRID, request_id},
};

/// The resident who raised the deliberation's topic.
const RAISER: &str = "01900000-0000-7000-8000-000000000002";

/// Defaults for a kind without states.
const PLAIN: Kind = Kind {
    service: "",
    name: "",
    kind: "",
    area: COMMUNITY,
    placed_by: "area_code",
    change: None,
    writer: Role::Staff,
    dated: false,
    sample: |_| Value::Null,
    verbs: &[],
    courses: &[],
    ready: &[],
};

/// A verb whose request has no fields besides the record's.
const fn bare(name: &'static str) -> Verb {
    Verb {
        name,
        fields: |_| json!({}),
        needs: None,
    }
}

/// A verb whose request carries a reason.
const fn why(name: &'static str) -> Verb {
    Verb {
        name,
        fields: |_| json!({"reason": "情况有变"}),
        needs: None,
    }
}

/// A verb whose request carries other fields.
const fn with(name: &'static str, fields: fn(&City) -> Value) -> Verb {
    Verb {
        name,
        fields,
        needs: None,
    }
}

/// Returns a number that no other record of this run uses.
fn unique() -> i64 {
    static NEXT: AtomicI64 = AtomicI64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Returns a resident or person of whom the service knows only the id.
fn somebody() -> Value {
    json!(request_id())
}

/// Returns today's date in the community's time zone.
fn today() -> chrono::NaiveDate {
    day_of(Clock::default().now(), DEFAULT_ZONE)
}

/// All kinds, each after those that it references.
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
        ..PLAIN
    },
    Kind {
        service: "wangge.organization.v1.EstateService",
        name: "Building",
        kind: "building",
        area: GRID,
        placed_by: "estate_id",
        change: Some(("name", "{}幢")),
        writer: Role::Admin,
        dated: true,
        sample: |city| json!({"name": format!("{}幢", unique()), "area_code": GRID, "estate_id": city.plain("estate")}),
        ..PLAIN
    },
    Kind {
        service: "wangge.organization.v1.EstateService",
        name: "Household",
        kind: "household",
        area: GRID,
        placed_by: "building_id",
        change: Some(("room", "2单元{}室")),
        writer: Role::Admin,
        dated: true,
        sample: |city| json!({"room": format!("1单元{}室", unique()), "building_id": city.plain("building")}),
        ..PLAIN
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
        ..PLAIN
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
        ..PLAIN
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
        ..PLAIN
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
        ..PLAIN
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
        ..PLAIN
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
        ..PLAIN
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
        ..PLAIN
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
        ..PLAIN
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
        ..PLAIN
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
        ..PLAIN
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
        ..PLAIN
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
        sample: |city| json!({"name": format!("日间照料室{}", unique()), "capacity": 8, "station_id": city.plain("station")}),
        ..PLAIN
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
                "name": format!("助浴{}", unique()),
                "price_kind": "PRICE_KIND_AT_COST",
                "price_fen": 1500,
                "station_id": city.plain("station"),
            })
        },
        ..PLAIN
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
        ..PLAIN
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
        ..PLAIN
    },
    Kind {
        service: "wangge.volunteers.v1.ServiceEventService",
        name: "ServiceEvent",
        kind: "service_event",
        area: COMMUNITY,
        placed_by: "area_code",
        change: Some(("title", "义诊")),
        sample: |_| json!({"title": "义务理发", "kind": "SERVICE_KIND_REPAIR", "area_code": COMMUNITY, "start_time": "2021-03-05T01:00:00Z", "end_time": "2021-03-05T03:00:00Z"}),
        verbs: &[bare("HoldServiceEvent"), why("CancelServiceEvent")],
        courses: &[&["HoldServiceEvent"], &["CancelServiceEvent"]],
        ..PLAIN
    },
    Kind {
        service: "wangge.volunteers.v1.ServiceEventService",
        name: "Shift",
        kind: "shift",
        area: COMMUNITY,
        placed_by: "service_event_id",
        sample: |city| {
            // Short shifts within the coming hour: sign-in is open already, and one
            // volunteer can fill several without overlap.
            let ahead = chrono::TimeDelta::seconds(600 + unique() % 500 * 5);
            let start = Clock::default().now() + ahead;
            let end = start + chrono::TimeDelta::seconds(5);
            json!({
                "service_event_id": city.plain("service_event"),
                "start_time": start.to_rfc3339(),
                "end_time": end.to_rfc3339(),
            })
        },
        verbs: &[
            with(
                "FillShift",
                |city| json!({"volunteer_id": city.plain("volunteer")}),
            ),
            why("ReleaseShift"),
            bare("SignInShift"),
            bare("SignOutShift"),
            with("ConfirmShiftHours", |_| json!({"worked_minutes": 1})),
            with(
                "CorrectShiftHours",
                |_| json!({"worked_minutes": 50, "reason": "提前离开"}),
            ),
            bare("CertifyShift"),
            why("CancelShift"),
        ],
        courses: &[
            &[
                "FillShift",
                "ReleaseShift",
                "FillShift",
                "SignInShift",
                "SignOutShift",
                "ConfirmShiftHours",
                "CorrectShiftHours",
                "CertifyShift",
            ],
            &["CancelShift"],
        ],
        ..PLAIN
    },
    Kind {
        service: "wangge.volunteers.v1.ServiceEventService",
        name: "Training",
        kind: "training",
        area: COMMUNITY,
        placed_by: "volunteer_id",
        sample: |city| {
            json!({
                "volunteer_id": city.plain("volunteer"),
                "subject": "急救",
                "training_date": {"year": 2021, "month": 5, "day": 6},
                "minutes": 90,
            })
        },
        ..PLAIN
    },
    Kind {
        service: "wangge.volunteers.v1.ProjectService",
        name: "Need",
        kind: "need",
        area: GRID,
        placed_by: "area_code",
        change: Some(("title", "代购粮油")),
        dated: true,
        sample: |_| json!({"title": "代购药品", "kind": "SERVICE_KIND_ELDERLY", "area_code": GRID}),
        ..PLAIN
    },
    Kind {
        service: "wangge.volunteers.v1.ProjectService",
        name: "Resource",
        kind: "resource",
        area: COMMUNITY,
        placed_by: "area_code",
        change: Some(("title", "会议室")),
        dated: true,
        sample: |city| json!({"title": "送货的电动车", "kind": "SERVICE_KIND_ELDERLY", "volunteer_id": city.plain("volunteer"), "area_code": COMMUNITY}),
        ..PLAIN
    },
    Kind {
        service: "wangge.volunteers.v1.ProjectService",
        name: "NeedMatch",
        kind: "need_match",
        area: GRID,
        placed_by: "need_id",
        sample: |city| {
            json!({
                "need_id": city.plain("need"),
                "resource_id": city.spare_resource(),
                "reason": "同在一个网格",
                "match_date": {"year": 2021, "month": 5, "day": 6},
            })
        },
        ..PLAIN
    },
    Kind {
        service: "wangge.volunteers.v1.ProjectService",
        name: "Project",
        kind: "project",
        area: GRID,
        placed_by: "need_id",
        change: Some(("title", "爱心代购")),
        sample: |city| json!({"title": "爱心跑腿", "need_id": city.plain("need"), "place_count": 1000}),
        verbs: &[
            with(
                "MatchProject",
                |city| json!({"need_match_id": city.plain("need_match")}),
            ),
            bare("StartProject"),
            bare("FinishProject"),
            with(
                "EvaluateProject",
                |_| json!({"score": 5, "evaluation": "居民满意"}),
            ),
            why("CancelProject"),
        ],
        courses: &[
            &[
                "MatchProject",
                "StartProject",
                "FinishProject",
                "EvaluateProject",
            ],
            &["CancelProject"],
        ],
        ready: &["MatchProject", "StartProject"],
        ..PLAIN
    },
    Kind {
        service: "wangge.volunteers.v1.ProjectService",
        name: "ProjectClaim",
        kind: "project_claim",
        area: GRID,
        placed_by: "project_id",
        sample: |city| json!({"project_id": city.plain("project"), "volunteer_id": city.spare()}),
        verbs: &[why("WithdrawProjectClaim")],
        courses: &[&["WithdrawProjectClaim"]],
        ..PLAIN
    },
    Kind {
        service: "wangge.volunteers.v1.ProjectService",
        name: "Beneficiary",
        kind: "beneficiary",
        area: GRID,
        placed_by: "project_id",
        sample: |city| {
            json!({
                "project_id": city.plain("project"),
                "resident_id": somebody(),
                "benefit_date": {"year": 2021, "month": 6, "day": 1},
            })
        },
        ..PLAIN
    },
    Kind {
        service: "wangge.volunteers.v1.ProjectService",
        name: "Wish",
        kind: "wish",
        area: GRID,
        placed_by: "area_code",
        change: Some(("title", "想要一台收音机")),
        sample: |_| json!({"title": "想要一个收音机", "area_code": GRID}),
        verbs: &[
            bare("ReviewWish"),
            why("DeclineWish"),
            with(
                "ClaimWish",
                |city| json!({"volunteer_id": city.plain("volunteer")}),
            ),
            why("ReleaseWish"),
            bare("RealiseWish"),
            why("ContestWish"),
            bare("ConfirmWish"),
            why("WithdrawWish"),
        ],
        courses: &[
            &[
                "ReviewWish",
                "ClaimWish",
                "ReleaseWish",
                "ClaimWish",
                "RealiseWish",
                "ContestWish",
                "RealiseWish",
                "ConfirmWish",
            ],
            &["DeclineWish"],
            &["WithdrawWish"],
        ],
        ..PLAIN
    },
    Kind {
        service: "wangge.volunteers.v1.StationWorkService",
        name: "RecurringSession",
        kind: "recurring_session",
        area: COMMUNITY,
        placed_by: "station_id",
        change: Some(("name", "社区医生义诊")),
        dated: true,
        sample: |city| {
            json!({
                "station_id": city.plain("station"),
                "name": "社区医生坐诊",
                "weekday": today().weekday().number_from_monday(),
                "start_minute": 0,
                "end_minute": 1440,
                "capacity": 1000,
            })
        },
        ..PLAIN
    },
    Kind {
        service: "wangge.volunteers.v1.StationWorkService",
        name: "ClosedDay",
        kind: "closed_day",
        area: COMMUNITY,
        placed_by: "area_code",
        sample: |_| json!({"closed_date": {"year": 2031 + unique() % 1000, "month": 10, "day": 1}, "name": "国庆节", "area_code": COMMUNITY}),
        ..PLAIN
    },
    Kind {
        service: "wangge.volunteers.v1.StationWorkService",
        name: "Booking",
        kind: "booking",
        area: COMMUNITY,
        placed_by: "recurring_session_id",
        sample: |city| {
            let day = today();
            json!({
                "recurring_session_id": city.plain("recurring_session"),
                "session_date": {"year": day.year(), "month": day.month(), "day": day.day()},
                "resident_id": somebody(),
            })
        },
        verbs: &[
            bare("AttendBooking"),
            bare("MissBooking"),
            why("CancelBooking"),
        ],
        courses: &[&["AttendBooking"], &["MissBooking"], &["CancelBooking"]],
        ..PLAIN
    },
    Kind {
        service: "wangge.volunteers.v1.StationWorkService",
        name: "Delivery",
        kind: "delivery",
        area: COMMUNITY,
        placed_by: "station_id",
        sample: |city| json!({"station_id": city.plain("station"), "resident_id": somebody(), "goods": "大米一袋"}),
        verbs: &[
            with(
                "CompleteDelivery",
                |city| json!({"volunteer_id": city.plain("volunteer")}),
            ),
            why("CancelDelivery"),
        ],
        courses: &[&["CompleteDelivery"], &["CancelDelivery"]],
        ..PLAIN
    },
    Kind {
        service: "wangge.volunteers.v1.StationWorkService",
        name: "ServiceRecord",
        kind: "service_record",
        area: COMMUNITY,
        placed_by: "station_id",
        sample: |city| json!({"station_id": city.plain("station"), "resident_id": somebody(), "served_time": "2021-03-05T01:00:00Z"}),
        verbs: &[why("VoidServiceRecord")],
        courses: &[&["VoidServiceRecord"]],
        ..PLAIN
    },
    Kind {
        service: "wangge.volunteers.v1.StationWorkService",
        name: "StationVisit",
        kind: "station_visit",
        area: COMMUNITY,
        placed_by: "station_id",
        sample: |city| {
            json!({
                "station_id": city.plain("station"),
                "kind": "STATION_VISIT_KIND_WATER",
                "visitor": "STATION_VISITOR_COURIER",
                "visit_time": "2021-03-05T01:00:00Z",
            })
        },
        ..PLAIN
    },
    Kind {
        service: "wangge.volunteers.v1.StationWorkService",
        name: "AgencyCase",
        kind: "agency_case",
        area: COMMUNITY,
        placed_by: "station_id",
        change: Some(("matter", "尊老金变更")),
        sample: |city| {
            json!({
                "station_id": city.plain("station"),
                "resident_id": somebody(),
                "matter": "尊老金申领",
                "handler_person_id": city.person,
                "is_authorised": true,
            })
        },
        verbs: &[
            with(
                "CompleteAgencyCaseMaterials",
                |_| json!({"papers": ["户口簿"]}),
            ),
            bare("SubmitAgencyCase"),
            with("RecordAgencyCaseResult", |_| json!({"result": "已核准"})),
            bare("DeliverAgencyCase"),
            why("WithdrawAgencyCase"),
        ],
        courses: &[
            &[
                "CompleteAgencyCaseMaterials",
                "SubmitAgencyCase",
                "RecordAgencyCaseResult",
                "DeliverAgencyCase",
            ],
            &["WithdrawAgencyCase"],
        ],
        ..PLAIN
    },
    Kind {
        service: "wangge.volunteers.v1.StationWorkService",
        name: "StationDuty",
        kind: "station_duty",
        area: COMMUNITY,
        placed_by: "station_id",
        sample: |city| json!({"station_id": city.plain("station"), "person_id": somebody(), "duty_date": {"year": 2021, "month": 5, "day": 6}}),
        ..PLAIN
    },
    Kind {
        service: "wangge.volunteers.v1.VenueRouteService",
        name: "VenueRoute",
        kind: "venue_route",
        area: COMMUNITY,
        placed_by: "area_code",
        change: Some(("name", "初心路")),
        dated: true,
        sample: |_| json!({"name": "初心小路", "area_code": COMMUNITY}),
        ..PLAIN
    },
    Kind {
        service: "wangge.volunteers.v1.VenueRouteService",
        name: "RouteVenue",
        kind: "route_venue",
        area: COMMUNITY,
        placed_by: "venue_route_id",
        change: Some(("name", "党建公园")),
        dated: true,
        sample: |city| json!({"venue_route_id": city.plain("venue_route"), "position": unique() % 1000 + 1, "name": "初心广场"}),
        ..PLAIN
    },
    Kind {
        service: "wangge.tickets.v1.ChatService",
        name: "ChatGroup",
        kind: "chat_group",
        area: GRID,
        placed_by: "area_code",
        change: Some(("name", "和平里居民群")),
        dated: true,
        sample: |_| json!({"name": "和平里业主群", "area_code": GRID}),
        ..PLAIN
    },
    Kind {
        service: "wangge.tickets.v1.DutyService",
        name: "DutyShift",
        kind: "duty_shift",
        area: COMMUNITY,
        placed_by: "area_code",
        sample: |_| {
            let now = Clock::default().now();
            json!({
                "kind": "DUTY_KIND_CHAT_GROUP",
                "person_id": somebody(),
                "start_time": (now - chrono::TimeDelta::hours(1)).to_rfc3339(),
                "end_time": (now + chrono::TimeDelta::hours(20)).to_rfc3339(),
                "area_code": COMMUNITY,
            })
        },
        verbs: &[
            with(
                "HandOverDutyShift",
                |_| json!({"person_id": somebody(), "reason": "临时有事"}),
            ),
            why("CancelDutyShift"),
        ],
        courses: &[&["HandOverDutyShift", "CancelDutyShift"]],
        ..PLAIN
    },
    Kind {
        service: "wangge.tickets.v1.ChatService",
        name: "GroupMessage",
        kind: "group_message",
        area: GRID,
        placed_by: "chat_group_id",
        sample: |city| json!({"chat_group_id": city.plain("chat_group"), "text": "楼道灯坏了", "sent_time": "2021-03-05T01:00:00Z"}),
        verbs: &[
            with(
                "ClaimGroupMessage",
                |city| json!({"person_id": city.person}),
            ),
            with(
                "HandOverGroupMessage",
                |city| json!({"person_id": city.person, "reason": "换班"}),
            ),
            with(
                "ReplyGroupMessage",
                |city| json!({"reply": "已派人", "ticket_id": city.ticket}),
            ),
            why("DismissGroupMessage"),
        ],
        courses: &[
            &[
                "ClaimGroupMessage",
                "HandOverGroupMessage",
                "ReplyGroupMessage",
            ],
            &["DismissGroupMessage"],
        ],
        ..PLAIN
    },
    Kind {
        service: "wangge.tickets.v1.LivelihoodService",
        name: "LivelihoodItem",
        kind: "livelihood_item",
        area: COMMUNITY,
        placed_by: "area_code",
        change: Some(("name", "高龄尊老金")),
        dated: true,
        sample: |_| json!({"name": "尊老金", "limit_days": 60, "materials": ["户口簿"], "area_code": COMMUNITY}),
        ..PLAIN
    },
    Kind {
        service: "wangge.tickets.v1.LivelihoodService",
        name: "LivelihoodMatter",
        kind: "livelihood_matter",
        area: GRID,
        placed_by: "area_code",
        change: Some(("handler_person_id", "01900000-0000-7000-8000-000000000001")),
        sample: |city| {
            let due = today() + chrono::Days::new(30);
            json!({
                "livelihood_item_id": city.plain("livelihood_item"),
                "applicant_name": "张戊一",
                "handler_person_id": city.person,
                "due_date": {"year": due.year(), "month": due.month(), "day": due.day()},
                "area_code": GRID,
            })
        },
        verbs: &[
            bare("CompleteLivelihoodMatterMaterials"),
            bare("ReviewLivelihoodMatter"),
            bare("PubliciseLivelihoodMatter"),
            bare("ApproveLivelihoodMatter"),
            why("RefuseLivelihoodMatter"),
            with("DeliverLivelihoodMatter", |_| json!({"amount_fen": 60_000})),
            why("WithdrawLivelihoodMatter"),
        ],
        courses: &[
            &[
                "CompleteLivelihoodMatterMaterials",
                "ReviewLivelihoodMatter",
                "PubliciseLivelihoodMatter",
                "ApproveLivelihoodMatter",
                "DeliverLivelihoodMatter",
            ],
            &[
                "CompleteLivelihoodMatterMaterials",
                "ReviewLivelihoodMatter",
                "RefuseLivelihoodMatter",
            ],
            &["WithdrawLivelihoodMatter"],
        ],
        ..PLAIN
    },
    Kind {
        service: "wangge.tickets.v1.DeliberationService",
        name: "Meeting",
        kind: "meeting",
        area: COMMUNITY,
        placed_by: "area_code",
        change: Some(("title", "停车怎么办")),
        sample: |_| json!({"kind": "MEETING_KIND_COUNCIL", "title": "外墙瓷砖脱落怎么办", "start_time": "2021-03-05T01:00:00Z", "area_code": COMMUNITY}),
        verbs: &[
            with("HoldMeeting", |_| {
                json!({
                    "committee_count": 3,
                    "party_member_count": 5,
                    "resident_count": 8,
                    "stakeholder_count": 2,
                    "minutes": "一致同意先加装防护网",
                })
            }),
            why("CancelMeeting"),
        ],
        courses: &[&["HoldMeeting"], &["CancelMeeting"]],
        ready: &["HoldMeeting"],
        ..PLAIN
    },
    Kind {
        service: "wangge.tickets.v1.DeliberationService",
        name: "Deliberation",
        kind: "deliberation",
        area: COMMUNITY,
        placed_by: "area_code",
        change: Some(("title", "外墙瓷砖掉落")),
        sample: |_| json!({"title": "外墙瓷砖脱落", "raiser_ids": [RAISER], "area_code": COMMUNITY}),
        verbs: &[
            with(
                "SetDeliberationTopic",
                |_| json!({"topic": "先加装防护网还是先申请维修资金"}),
            ),
            with(
                "DeliberateTopic",
                |city| json!({"meeting_id": city.plain("meeting")}),
            ),
            with(
                "ResolveDeliberation",
                |_| json!({"decision": "先加装防护网"}),
            ),
            why("DisagreeDeliberation"),
            Verb {
                needs: Some((
                    "assignment",
                    |city, id| json!({"deliberation_id": id, "ticket_id": city.declined, "assigned_date": {"year": 2021, "month": 5, "day": 6}}),
                )),
                ..bare("AssignDeliberation")
            },
            bare("ImplementDeliberation"),
            with(
                "ReviewDeliberation",
                |_| json!({"reviewer_id": RAISER, "review": "居民满意"}),
            ),
            why("DropDeliberation"),
        ],
        courses: &[
            &[
                "SetDeliberationTopic",
                "DeliberateTopic",
                "DisagreeDeliberation",
                "DeliberateTopic",
                "ResolveDeliberation",
                "AssignDeliberation",
                "ImplementDeliberation",
                "ReviewDeliberation",
            ],
            &["DropDeliberation"],
        ],
        ready: &[
            "SetDeliberationTopic",
            "DeliberateTopic",
            "ResolveDeliberation",
        ],
        ..PLAIN
    },
    Kind {
        service: "wangge.tickets.v1.DeliberationService",
        name: "Assignment",
        kind: "assignment",
        area: COMMUNITY,
        placed_by: "deliberation_id",
        sample: |city| {
            json!({
                "deliberation_id": city.plain("deliberation"),
                "ticket_id": city.declined,
                "assigned_date": {"year": 2021, "month": 5, "day": 6},
            })
        },
        verbs: &[why("VoidAssignment")],
        courses: &[&["VoidAssignment"]],
        ..PLAIN
    },
    Kind {
        service: "wangge.tickets.v1.FieldworkService",
        name: "Patrol",
        kind: "patrol",
        area: GRID,
        placed_by: "area_code",
        writer: Role::GridWorker,
        sample: |_| json!({"person_id": somebody(), "start_time": "2021-03-05T01:00:00Z", "end_time": "2021-03-05T02:00:00Z", "found_count": 1, "note": "楼道堆物", "area_code": GRID}),
        ..PLAIN
    },
    Kind {
        service: "wangge.tickets.v1.FieldworkService",
        name: "FieldVisit",
        kind: "field_visit",
        area: GRID,
        placed_by: "area_code",
        writer: Role::GridWorker,
        sample: |_| json!({"kind": "FIELD_VISIT_KIND_ERRAND", "person_id": somebody(), "visit_time": "2021-03-05T01:00:00Z", "outcome": "代取药品", "area_code": GRID}),
        ..PLAIN
    },
    Kind {
        service: "wangge.tickets.v1.FieldworkService",
        name: "FieldNote",
        kind: "field_note",
        area: GRID,
        placed_by: "area_code",
        writer: Role::GridWorker,
        sample: |_| json!({"person_id": somebody(), "noted_time": "2021-03-05T01:00:00Z", "text": "路灯不亮", "area_code": GRID}),
        ..PLAIN
    },
];
