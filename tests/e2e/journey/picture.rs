//! The visible state of a platform with the golden data set: the case table, the records
//! behind each figure, and all events.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use prost::Message as _;
use tonic::Status;
use wangge_api::{
    events::v1::Event,
    policy::Role,
    reporting::v1::{
        CaseComparison, FigureRecord, GetCaseTableRequest, ListFeedPositionsRequest,
        ListFigureRecordsRequest, report_service_client::ReportServiceClient,
    },
    volunteers::v1::{ListWishesRequest, WishState, project_service_client::ProjectServiceClient},
};
use wangge_client::ServiceChannel;
use wangge_testkit::HANG_TIMEOUT;
use wangge_tests::{Service, Site, feed, until};

/// Code of the golden data set's community.
pub(crate) const AREA: &str = "320402003005";

/// The figures of the golden data set, and whether the community has published each.
pub(crate) const FIGURES: [(&str, i64, bool); 47] = [
    ("responses_started", 182, true),
    ("official_check_ins", 411, true),
    ("co_governance_members", 19, false),
    ("part_time_seats", 6, true),
    ("residents_in_need", 229, false),
    ("grid_branches", 4, true),
    ("group_leaders", 8, true),
    ("centre_household_heads", 15, true),
    ("full_time_grid_workers", 4, true),
    ("part_time_grid_workers", 4, true),
    ("service_posts", 42, true),
    ("post_holders", 91, true),
    ("volunteer_teams", 3, true),
    ("volunteers_in_teams", 137, true),
    ("providers", 3, true),
    ("service_centres", 1, true),
    ("service_stations", 3, true),
    ("catalogue_items", 33, true),
    ("subsidy_fen", 75_000_000, true),
    ("resident_roles", 62, false),
    ("patrols", 2904, false),
    ("field_notes", 633, false),
    ("fixed_on_the_spot", 264, false),
    ("projects_matched", 18, true),
    ("project_beneficiaries", 1037, true),
    ("deliberations_reviewed", 21, false),
    ("council_meetings_held", 34, true),
    ("group_messages", 1258, false),
    ("group_replies_in_time", 1203, false),
    ("chat_duty_shifts", 2182, false),
    ("livelihood_matters", 356, false),
    ("livelihood_delivered", 241, false),
    ("events_held", 384, true),
    ("event_person_times", 7263, true),
    ("route_venues", 9, false),
    ("deliveries_made", 517, false),
    ("station_visits", 1864, false),
    ("recurring_sessions", 5, false),
    ("agency_cases_delivered", 268, false),
    ("duty_days", 1126, false),
    ("station_person_times", 40_318, true),
    ("need_matches", 57, false),
    ("wishes_confirmed", 76, false),
    ("field_visits", 1742, false),
    ("field_errands", 408, false),
    ("trainings", 148, false),
    ("certified_minutes", 166_290, false),
];

/// A snapshot of everything that callers can see.
#[derive(Debug, PartialEq)]
pub(crate) struct Picture {
    /// Figures by key, and whether each meets the published one.
    pub table: BTreeMap<String, (i64, bool)>,
    /// Ids behind each figure, with the records that they can be read through.
    pub records: BTreeMap<String, BTreeSet<(String, String)>>,
    /// Events: service, record, revision and content.
    pub events: BTreeSet<(&'static str, String, i64, Vec<u8>)>,
}

fn reports(site: &Site) -> ReportServiceClient<ServiceChannel> {
    ReportServiceClient::new(site.channel(Service::Reporting, Role::Leader, Some(AREA), None))
}

/// Reads the case table.
pub(crate) async fn table(site: &Site) -> Result<BTreeMap<String, (i64, bool)>, Status> {
    let request = GetCaseTableRequest {
        area_code: AREA.to_owned(),
        ..Default::default()
    };
    let table = reports(site).get_case_table(request).await?.into_inner();
    let lines = table.lines.into_iter();
    Ok(lines
        .map(|line| {
            let met = line.comparison() == CaseComparison::Met;
            (line.figure_key, (line.computed_value, met))
        })
        .collect())
}

/// Returns the expected case table, which meets all published figures.
pub(crate) fn golden_table() -> BTreeMap<String, (i64, bool)> {
    FIGURES
        .iter()
        .map(|(key, value, published)| ((*key).to_owned(), (*value, *published)))
        .collect()
}

/// Waits until the case table is as expected, for as long as reporting makes progress.
pub(crate) async fn become_golden(site: &Site) {
    let (mut reached, mut moved) = (Vec::new(), Instant::now());
    while table(site).await.ok() != Some(golden_table()) {
        let positions = positions(site).await;
        if positions != reached {
            (reached, moved) = (positions, Instant::now());
        }
        assert!(moved.elapsed() < HANG_TIMEOUT, "nothing moves any more");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Returns the position up to which reporting has applied each feed; empty while it can't
/// respond.
async fn positions(site: &Site) -> Vec<String> {
    let channel = site.everywhere(Service::Reporting, Role::Leader);
    let response = ReportServiceClient::new(channel)
        .list_feed_positions(ListFeedPositionsRequest {})
        .await;
    response.map_or_else(
        |_| Vec::new(),
        |response| {
            let positions = response.into_inner().feed_positions.into_iter();
            positions.map(|position| position.token).collect()
        },
    )
}

/// Reads all pages of the records behind a figure.
pub(crate) async fn records(site: &Site, figure: &str) -> Vec<FigureRecord> {
    let mut request = ListFigureRecordsRequest {
        page_size: 700,
        area_code: AREA.to_owned(),
        figure_key: figure.to_owned(),
        ..Default::default()
    };
    let mut records = Vec::new();
    loop {
        let page = reports(site).list_figure_records(request.clone()).await;
        let page = page.expect("a page").into_inner();
        records.extend(page.figure_records);
        if page.next_page_token.is_empty() {
            let total = usize::try_from(page.total_size).expect("a count");
            assert_eq!(
                total,
                records.len(),
                "{figure}: the total is not what is listed"
            );
            return records;
        }
        request.page_token = page.next_page_token;
    }
}

/// Waits until all timers that are due have fired: claims on wishes that were imported
/// with a past have expired.
async fn nothing_is_due(site: &Site) {
    let wishes = ProjectServiceClient::new(site.everywhere(Service::Volunteers, Role::Leader));
    until(|| {
        let mut wishes = wishes.clone();
        let request = ListWishesRequest {
            state: WishState::Claimed.into(),
            ..Default::default()
        };
        async move {
            let claimed = wishes.list_wishes(request).await.ok()?;
            claimed.into_inner().wishes.is_empty().then_some(())
        }
    })
    .await;
}

/// Takes a snapshot of everything.
pub(crate) async fn take(site: &Site) -> Picture {
    nothing_is_due(site).await;
    let mut picture = Picture {
        table: table(site).await.expect("the case table"),
        records: BTreeMap::new(),
        events: BTreeSet::new(),
    };
    for (figure, value, _) in FIGURES {
        let listed = records(site, figure).await;
        let amounts: i64 = listed.iter().map(|record| record.amount).sum();
        assert_eq!(amounts, value, "{figure}: its records don't add up to it");
        let ids: BTreeSet<_> = listed
            .iter()
            .map(|record| (record.record_id.clone(), record.parent_id.clone()))
            .collect();
        assert_eq!(ids.len(), listed.len(), "{figure} lists a record twice");
        picture.records.insert(figure.to_owned(), ids);
    }
    for service in Service::FEEDS {
        let events = feed::read(site, service).await.expect("the feed");
        feed::assert_whole(&events);
        picture.events.extend(events.into_iter().map(|event| {
            let content = Event {
                payload: event.payload,
                ..Event::default()
            }
            .encode_to_vec();
            (service.name(), event.record_id, event.revision, content)
        }));
    }
    picture
}
