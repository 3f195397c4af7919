//! The case table: computed figures next to published ones.

use tonic::Code;
use uuid::Uuid;
use wangge_api::{
    events::v1::event::Payload,
    organization::v1::{FigureBound, FigurePeriod, UnitKind},
    reporting::v1::{CaseComparison, GetCaseTableRequest},
    types::v1::Date,
};
use wangge_testkit::{fields, reason};

use crate::{Bench, COMMUNITY, GRID, NEIGHBOUR, date, published, unit, visited};

/// Figures with their mechanisms, in the order of the table.
const FIGURES: [(&str, &str); 47] = [
    ("M1", "responses_started"),
    ("M2", "patrols"),
    ("M2", "field_notes"),
    ("M2", "fixed_on_the_spot"),
    ("M3", "official_check_ins"),
    ("M4", "co_governance_members"),
    ("M5", "part_time_seats"),
    ("M6", "projects_matched"),
    ("M6", "project_beneficiaries"),
    ("M7", "deliberations_reviewed"),
    ("M8", "council_meetings_held"),
    ("M9", "residents_in_need"),
    ("M10", "grid_branches"),
    ("M10", "group_leaders"),
    ("M10", "centre_household_heads"),
    ("M10", "full_time_grid_workers"),
    ("M10", "part_time_grid_workers"),
    ("M11", "group_messages"),
    ("M11", "group_replies_in_time"),
    ("M11", "chat_duty_shifts"),
    ("M12", "livelihood_matters"),
    ("M12", "livelihood_delivered"),
    ("M13", "service_posts"),
    ("M13", "post_holders"),
    ("M14", "volunteer_teams"),
    ("M14", "volunteers_in_teams"),
    ("M15", "events_held"),
    ("M15", "event_person_times"),
    ("M16", "route_venues"),
    ("M17", "providers"),
    ("M18", "service_centres"),
    ("M18", "service_stations"),
    ("M19", "deliveries_made"),
    ("M19", "station_visits"),
    ("M19", "recurring_sessions"),
    ("M20", "agency_cases_delivered"),
    ("M20", "duty_days"),
    ("M21", "catalogue_items"),
    ("M22", "subsidy_fen"),
    ("M22", "station_person_times"),
    ("M23", "need_matches"),
    ("M24", "wishes_confirmed"),
    ("M25", "field_visits"),
    ("M25", "field_errands"),
    ("M26", "resident_roles"),
    ("M27", "trainings"),
    ("M27", "certified_minutes"),
];

#[tokio::test]
async fn every_figure_has_its_line() {
    let bench = Bench::start().await;
    let table = bench.table(COMMUNITY, None).await;
    assert_eq!(table.area_code, COMMUNITY);
    let lines = table.lines.iter();
    let lines: Vec<_> = lines
        .map(|line| (line.mechanism.as_str(), line.figure_key.as_str()))
        .collect();
    assert_eq!(lines, FIGURES);
    for line in &table.lines {
        // No figure was published, so the as-of date is today.
        assert_eq!(line.as_of_date, date("2022-07-28"));
        assert_eq!((line.computed_value, line.published.as_ref()), (0, None));
        assert_eq!(line.comparison(), CaseComparison::Unspecified);
        assert!(line.definition_version >= 1 && !line.definition.is_empty());
        assert!(!line.title_zh.is_empty() && !line.title_en.is_empty() && !line.counted.is_empty());
    }
}

#[tokio::test]
async fn figures_are_met_or_missed() {
    let bench = Bench::start().await;
    for _ in 0..4 {
        bench.organization.tell(unit(
            Uuid::now_v7(),
            UnitKind::GridBranch,
            GRID,
            "2020-01-01",
            "",
        ));
    }
    let (exact, at_least) = (FigureBound::Exact, FigureBound::AtLeast);
    let (met, missed) = (CaseComparison::Met, CaseComparison::Missed);
    let mut last = None;
    for (day, value, bound, comparison) in [
        ("2022-01-01", 4, exact, met),
        ("2022-01-02", 5, exact, missed),
        ("2022-01-03", 3, exact, missed),
        ("2022-01-04", 4, at_least, met),
        ("2022-01-05", 3, at_least, met),
        ("2022-01-06", 5, at_least, missed),
    ] {
        bench
            .organization
            .tell(published("grid_branches", value, bound, day));
        bench.settle().await;
        // Without a day in the request, the latest published figure is used, on its own day.
        for asked in [None, Some(day)] {
            let line = bench.line(COMMUNITY, asked, "grid_branches").await;
            assert_eq!(
                (line.comparison(), line.computed_value),
                (comparison, 4),
                "{day}"
            );
            assert_eq!(line.as_of_date, date(day));
            let beside = line.published.unwrap();
            assert_eq!(
                (beside.value, beside.bound(), beside.as_of_date),
                (value, bound, date(day))
            );
            assert_eq!(line.period, i32::from(FigurePeriod::AsOf));
            last = Some(beside);
        }
    }
    assert_eq!(last.unwrap().revision, 1);
}

#[tokio::test]
async fn the_day_asked_for_decides() {
    let bench = Bench::start().await;
    bench.volunteers.tell_all([
        visited(COMMUNITY, "07-10 09:00"),
        visited(COMMUNITY, "07-20 23:50"),
        visited(COMMUNITY, "07-21 00:05"),
    ]);
    let key = "official_check_ins";
    bench.organization.tell_all([
        published(key, 1, FigureBound::Exact, "2022-07-10"),
        published(key, 2, FigureBound::Exact, "2022-07-20"),
    ]);
    bench.settle().await;
    let line = async |day| bench.line(COMMUNITY, day, key).await;
    let value = |line: &wangge_api::reporting::v1::CaseLine| {
        (
            line.computed_value,
            line.published.as_ref().map(|p| p.value),
            line.comparison(),
        )
    };
    // The latest published figure, on its own day.
    assert_eq!(value(&line(None).await), (2, Some(2), CaseComparison::Met));
    assert_eq!(line(None).await.as_of_date, date("2022-07-20"));
    assert_eq!(
        value(&line(Some("2022-07-10")).await),
        (1, Some(1), CaseComparison::Met)
    );
    // For another day than the published one, the figure is computed but not compared.
    assert_eq!(
        value(&line(Some("2022-07-15")).await),
        (1, Some(1), CaseComparison::Unspecified)
    );
    assert_eq!(
        value(&line(Some("2022-07-21")).await),
        (3, Some(2), CaseComparison::Unspecified)
    );
    assert_eq!(
        value(&line(Some("2022-07-09")).await),
        (0, None, CaseComparison::Unspecified)
    );
    // Published figures of a community don't apply to another one, nor to its grids.
    for area in [NEIGHBOUR, GRID] {
        assert_eq!(bench.line(area, None, key).await.published, None);
    }
}

#[tokio::test]
async fn a_corrected_figure_takes_the_place_of_the_old() {
    let bench = Bench::start().await;
    let first = published("group_leaders", 8, FigureBound::Exact, "2022-07-28");
    let mut corrected = first.clone();
    corrected.revision = 2;
    if let Some(Payload::PublishedFigureChanged(changed)) = &mut corrected.payload {
        changed.value = 0;
    }
    bench.organization.tell(first);
    bench.settle().await;
    let line = async || bench.line(COMMUNITY, None, "group_leaders").await;
    assert_eq!(line().await.comparison(), CaseComparison::Missed);
    bench.organization.tell(corrected);
    bench.settle().await;
    let after = line().await;
    assert_eq!(after.comparison(), CaseComparison::Met);
    assert_eq!(after.published.unwrap().revision, 2);
}

#[tokio::test]
async fn days_and_areas_that_are_none_are_named() {
    let bench = Bench::start().await;
    let ask = async |area: &str, as_of_date| {
        let request = GetCaseTableRequest {
            area_code: area.into(),
            as_of_date,
            at_least: vec![],
            period: 0,
        };
        bench.leader().get_case_table(request).await.unwrap_err()
    };
    let no_day = Some(Date {
        year: 2022,
        month: 2,
        day: 30,
    });
    for (area, day, field) in [
        (COMMUNITY, no_day, "as_of_date"),
        (
            COMMUNITY,
            Some(Date {
                year: 2022,
                month: 13,
                day: 1,
            }),
            "as_of_date.month",
        ),
        ("", None, "area_code"),
        ("x", None, "area_code"),
    ] {
        let status = ask(area, day).await;
        assert_eq!(
            (status.code(), reason(&status).as_str()),
            (Code::InvalidArgument, "FIELD_INVALID")
        );
        assert_eq!(fields(&status), [field]);
    }
}
