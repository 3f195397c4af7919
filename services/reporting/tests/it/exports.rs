//! Exports of tables as files.

use serde_json::Value;
use wangge_api::reporting::v1::{
    ExportFormat, ExportTableRequest, FigureRecord, ListFigureRecordsRequest, ReportTable,
};

use crate::{Bench, COMMUNITY, visited};

const KEY: &str = "official_check_ins";

/// Returns the records behind the figure, from the paged list.
async fn listed(bench: &Bench) -> Vec<FigureRecord> {
    let (mut records, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListFigureRecordsRequest {
            page_size: 1000,
            page_token,
            area_code: COMMUNITY.into(),
            figure_key: KEY.into(),
            ..ListFigureRecordsRequest::default()
        };
        let page = bench.leader().list_figure_records(request).await.unwrap();
        let page = page.into_inner();
        records.extend(page.figure_records);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return records;
        }
    }
}

/// Returns the parts of a file.
async fn exported(bench: &Bench, format: ExportFormat) -> Vec<Vec<u8>> {
    let request = ExportTableRequest {
        table: ReportTable::FigureRecords.into(),
        format: format.into(),
        area_code: COMMUNITY.into(),
        figure_key: KEY.into(),
        ..ExportTableRequest::default()
    };
    let mut parts = bench
        .leader()
        .export_table(request)
        .await
        .unwrap()
        .into_inner();
    let mut file = Vec::new();
    while let Some(part) = parts.message().await.unwrap() {
        file.push(part.content);
    }
    file
}

/// More records than one database page and than one page of the list.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_many_pages_is_what_the_list_says() {
    let bench = Bench::start().await;
    let visits = (0..5_003).map(|_| visited(COMMUNITY, "07-27 09:00"));
    bench.volunteers.tell_all(visits);
    bench.settle().await;
    let listed = listed(&bench).await;
    assert_eq!(listed.len(), 5_003);

    let parts = exported(&bench, ExportFormat::Csv).await;
    assert!(parts.len() > 10, "sent in {} parts", parts.len());
    let text = parts.concat();
    let mut rows = csv::Reader::from_reader(text.as_slice());
    assert_eq!(
        rows.headers().unwrap().iter().collect::<Vec<_>>(),
        ["service", "kind", "record_id", "parent_id", "amount"]
    );
    let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    let expected: Vec<csv::StringRecord> = listed
        .iter()
        .map(|record| {
            csv::StringRecord::from(vec![
                record.service.clone(),
                record.kind.clone(),
                record.record_id.clone(),
                record.parent_id.clone(),
                record.amount.to_string(),
            ])
        })
        .collect();
    assert!(rows == expected, "the file is not what the list says");

    let text = exported(&bench, ExportFormat::Json).await.concat();
    let rows: Vec<Value> = serde_json::from_slice(&text).unwrap();
    let ids = rows.iter().map(|row| row["record_id"].as_str().unwrap());
    assert!(ids.eq(listed.iter().map(|record| record.record_id.as_str())));
}
