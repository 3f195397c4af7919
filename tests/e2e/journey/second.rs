//! Imports another community with other sizes, days and periods, to prove that nothing of
//! the first one is hard-coded.

use std::{collections::BTreeSet, ffi::OsStr};

use wangge_tests::{DataDir, Wangge, process::repository};

#[tokio::test(flavor = "multi_thread")]
async fn another_community_returns_its_own_table() {
    let folder = repository().join("tests/data/linhe");
    let data_dir = DataDir::new();
    let arguments = [
        OsStr::new("--output"),
        "json".as_ref(),
        "--demo".as_ref(),
        folder.as_ref(),
    ];
    let up = Wangge::up(&data_dir, &arguments, &[]).await;
    let printed = up.printed(|line| line.starts_with('{')).await;
    let printed: serde_json::Value = serde_json::from_str(&printed).expect("JSON");
    let lines = printed["lines"].as_array().expect("lines");
    let text =
        |line: &serde_json::Value, field: &str| line[field].as_str().expect("a text").to_owned();
    // The day of all lines is 2024-11-30.
    let first_day = |line: &serde_json::Value| match text(line, "period").as_str() {
        "year_to_date" => "2024-01-01",
        "per_year" => "2023-12-01",
        _ => "",
    };
    let row = |line: &serde_json::Value| {
        let (key, value) = (text(line, "figure_key"), &line["computed_value"]);
        format!("{key},{},{value}", first_day(line))
    };
    let shown: BTreeSet<String> = lines.iter().map(row).collect();
    assert_eq!(shown.len(), lines.len(), "a line stands twice");
    let expected = std::fs::read_to_string(folder.join("expected_figures.csv")).expect("a table");
    let expected: BTreeSet<String> = expected.lines().skip(1).map(str::to_owned).collect();
    assert_eq!(shown, expected);
    let published = lines
        .iter()
        .filter(|line| !line["published_value"].is_null());
    let missed: Vec<String> = published
        .clone()
        .filter(|line| line["met"] != true)
        .map(|line| text(line, "figure_key"))
        .collect();
    assert!(published.count() > 10);
    assert_eq!(missed, Vec::<String>::new());
    up.terminate().await;
}
