//! What a running platform shows of the golden data set: the case table, the
//! records behind each figure, and every event.

use std::collections::{BTreeMap, BTreeSet};

use prost::Message as _;
use tonic::Status;
use wangge_api::{
    events::v1::Event,
    policy::Role,
    reporting::v1::{
        CaseComparison, FigureRecord, GetCaseTableRequest, ListFigureRecordsRequest,
        report_service_client::ReportServiceClient,
    },
};
use wangge_client::ServiceChannel;
use wangge_tests::{Service, Site, feed};

/// The community.
pub(crate) const AREA: &str = "320402003005";

/// What the data set's records come to, and whether the community has published
/// the figure.
pub(crate) const FIGURES: [(&str, i64, bool); 20] = [
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
];

/// Everything that can be seen.
#[derive(Debug, PartialEq)]
pub(crate) struct Picture {
    /// Figures by key, and whether each meets what was published.
    pub table: BTreeMap<String, (i64, bool)>,
    /// Ids behind each figure, with the records by which they are read.
    pub records: BTreeMap<String, BTreeSet<(String, String)>>,
    /// Events: service, record, revision and content.
    pub events: BTreeSet<(&'static str, String, i64, Vec<u8>)>,
}

fn reports(site: &Site) -> ReportServiceClient<ServiceChannel> {
    ReportServiceClient::new(site.channel(Service::Reporting, Role::Leader, Some(AREA), None))
}

/// The case table.
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

/// The case table as it must be: what was published is met.
pub(crate) fn golden_table() -> BTreeMap<String, (i64, bool)> {
    FIGURES
        .iter()
        .map(|(key, value, published)| ((*key).to_owned(), (*value, *published)))
        .collect()
}

/// The records behind a figure, read in small pages.
pub(crate) async fn records(site: &Site, figure: &str) -> Vec<FigureRecord> {
    let mut request = ListFigureRecordsRequest {
        page_size: 70,
        area_code: AREA.to_owned(),
        figure_key: figure.to_owned(),
        ..Default::default()
    };
    let mut records = Vec::new();
    loop {
        let page = reports(site).list_figure_records(request.clone()).await;
        let page = page.expect("a page").into_inner();
        records.extend(page.records);
        if page.next_page_token.is_empty() {
            let total = usize::try_from(page.total).expect("a count");
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

/// All of it.
pub(crate) async fn take(site: &Site) -> Picture {
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
