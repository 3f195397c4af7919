//! The period of figures: their own or the requested one, regardless of published figures.

use tonic::Code;
use uuid::Uuid;
use wangge_api::{
    events::v1::{Event, event::Payload},
    organization::v1::{FigureBound, FigurePeriod, UnitKind},
    reporting::v1::{
        CaseComparison, CaseLine, ExportTableRequest, GetCaseTableRequest,
        ListFigureRecordsRequest, ReportTable,
    },
    tickets::v1::OrderState,
};
use wangge_testkit::{fields, reason};

use crate::{
    Bench, COMMUNITY, DISTRICT, GRID, date, order, plain, published, ticket, unit, visited,
};

/// A figure of the community as published for a period.
fn published_for(period: FigurePeriod, key: &str, value: i64, day: &str) -> Event {
    let mut event = published(key, value, FigureBound::Exact, day);
    if let Some(Payload::PublishedFigureChanged(changed)) = &mut event.payload {
        changed.period = period.into();
    }
    event
}

impl Bench {
    /// Returns the lines of a figure, in the order of the table.
    async fn lines(&self, key: &str, request: GetCaseTableRequest) -> Vec<CaseLine> {
        let table = self.leader().get_case_table(request).await.unwrap();
        let lines = table.into_inner().lines.into_iter();
        lines.filter(|line| line.figure_key == key).collect()
    }
}

fn asked(area: &str, day: &str, period: FigurePeriod) -> GetCaseTableRequest {
    GetCaseTableRequest {
        area_code: area.to_owned(),
        as_of_date: date(day),
        period: period.into(),
        ..GetCaseTableRequest::default()
    }
}

/// Returns a line's period, value and comparison.
fn said(line: &CaseLine) -> (FigurePeriod, i64, CaseComparison) {
    (line.period(), line.computed_value, line.comparison())
}

const OWN: FigurePeriod = FigurePeriod::Unspecified;
const ALL: FigurePeriod = FigurePeriod::SinceRecordsBegan;
const YEAR: FigurePeriod = FigurePeriod::YearToDate;

/// Creates one record in 2022 and one in 2023 for each figure that counts what happened.
async fn two_years() -> Bench {
    let bench = Bench::start().await;
    let department = Uuid::now_v7();
    bench.organization.tell(unit(
        department,
        UnitKind::Department,
        DISTRICT,
        "2020-01-01",
        "",
    ));
    bench.settle().await;
    let orders = vec![order(department, "07-10 09:00", OrderState::Confirmed)];
    bench.tickets.tell(ticket(Uuid::now_v7(), 5, GRID, orders));
    bench.volunteers.tell(visited(COMMUNITY, "07-10 09:00"));
    for day in ["2022-07-10", "2023-02-10"] {
        let training = plain(
            Uuid::now_v7(),
            1,
            "training",
            (COMMUNITY, ""),
            None,
            (day, ""),
        );
        bench.volunteers.tell(training);
    }
    bench.settle().await;
    bench
}

#[tokio::test]
async fn what_was_published_never_decides_a_figures_period() {
    let bench = two_years().await;
    let none = CaseComparison::Unspecified;
    let key = "trainings";
    let before = bench.lines(key, asked(COMMUNITY, "2023-02-28", OWN)).await;
    bench
        .organization
        .tell(published_for(YEAR, key, 1, "2023-03-01"));
    bench.settle().await;
    // The day before, the day itself and later days are counted by the same period.
    let same = bench.lines(key, asked(COMMUNITY, "2023-02-28", OWN)).await;
    assert_eq!(before, same);
    assert_eq!(same.iter().map(said).collect::<Vec<_>>(), [(ALL, 2, none)]);
    let lines = bench.lines(key, asked(COMMUNITY, "2023-03-01", OWN)).await;
    assert_eq!(
        lines.iter().map(said).collect::<Vec<_>>(),
        [(ALL, 2, none), (YEAR, 1, CaseComparison::Met)],
        "what was published is compared under its own period"
    );
    assert!(lines[0].published.is_none());
    // A district is counted by the same period as its communities.
    let district = bench.lines(key, asked(DISTRICT, "2023-03-01", OWN)).await;
    assert_eq!(
        district.iter().map(said).collect::<Vec<_>>(),
        [(ALL, 2, none)]
    );
}

#[tokio::test]
async fn every_figure_of_what_happened_has_a_first_day() {
    let bench = two_years().await;
    for (key, all, year) in [
        ("responses_started", 1, 0),
        ("official_check_ins", 1, 0),
        ("trainings", 2, 1),
    ] {
        for (period, value) in [(ALL, all), (YEAR, year)] {
            let published = published_for(period, key, value, "2023-03-01");
            bench.organization.tell(published);
        }
        bench.settle().await;
        let lines = bench.lines(key, asked(COMMUNITY, "", OWN)).await;
        let met = CaseComparison::Met;
        assert_eq!(
            lines.iter().map(said).collect::<Vec<_>>(),
            [(ALL, all, met), (YEAR, year, met)],
            "{key}"
        );
        let lines = bench.lines(key, asked(COMMUNITY, "2023-03-01", YEAR)).await;
        assert_eq!(said(&lines[0]), (YEAR, year, met), "{key}");
    }
}

#[tokio::test]
async fn a_period_can_be_asked_for_where_the_definition_allows_it() {
    let bench = two_years().await;
    let team = plain(
        Uuid::now_v7(),
        1,
        "team",
        (COMMUNITY, ""),
        None,
        ("2020-01-01", ""),
    );
    bench.volunteers.tell(team);
    bench.settle().await;
    let request = || asked(COMMUNITY, "2023-03-01", YEAR);
    let lines = bench.lines("trainings", request()).await;
    assert_eq!(said(&lines[0]), (YEAR, 1, CaseComparison::Unspecified));
    // Figures of what holds on a day are still counted as of the day.
    let lines = bench.lines("volunteer_teams", request()).await;
    assert_eq!(
        said(&lines[0]),
        (FigurePeriod::AsOf, 1, CaseComparison::Unspecified)
    );
    let records = |key: &str| ListFigureRecordsRequest {
        area_code: COMMUNITY.to_owned(),
        figure_key: key.to_owned(),
        as_of_date: date("2023-03-01"),
        period: YEAR.into(),
        ..ListFigureRecordsRequest::default()
    };
    let page = bench
        .leader()
        .list_figure_records(records("trainings"))
        .await;
    assert_eq!(page.unwrap().into_inner().total_size, 1);
    let refused = bench
        .leader()
        .list_figure_records(records("volunteer_teams"))
        .await;
    let refused = refused.unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::InvalidArgument, "FIELD_INVALID")
    );
    assert_eq!(fields(&refused), ["period"]);
}

#[tokio::test]
async fn what_a_published_figure_cannot_be_compared_with_is_shown_beside() {
    let bench = Bench::start().await;
    let published = published_for(YEAR, "volunteer_teams", 3, "2022-07-28");
    bench.organization.tell(published);
    bench.settle().await;
    let lines = bench
        .lines("volunteer_teams", asked(COMMUNITY, "", OWN))
        .await;
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[1].comparison(), CaseComparison::Unspecified);
    assert_eq!(lines[1].published.as_ref().unwrap().period(), YEAR);
}

#[tokio::test]
async fn an_export_refuses_what_it_would_ignore() {
    let bench = Bench::start().await;
    let case = || ExportTableRequest {
        area_code: COMMUNITY.to_owned(),
        table: ReportTable::CaseTable.into(),
        ..ExportTableRequest::default()
    };
    let wall = || ExportTableRequest {
        table: ReportTable::Wall.into(),
        ..case()
    };
    for (request, field) in [
        (
            ExportTableRequest {
                figure_key: "trainings".to_owned(),
                ..case()
            },
            "figure_key",
        ),
        (
            ExportTableRequest {
                as_of_date: date("2022-07-28"),
                ..wall()
            },
            "as_of_date",
        ),
        (
            ExportTableRequest {
                period: YEAR.into(),
                ..wall()
            },
            "period",
        ),
    ] {
        let refused = bench.leader().export_table(request).await.unwrap_err();
        assert_eq!(reason(&refused), "FIELD_INVALID");
        assert_eq!(fields(&refused), [field]);
    }
}
