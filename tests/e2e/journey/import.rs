//! `wangge import` with a community's own files, valid and invalid.

use std::{
    collections::BTreeSet,
    ffi::{OsStr, OsString},
    path::Path,
};

use wangge_tests::{
    DataDir, Service, Wangge, feed,
    process::{Ended, golden, run},
    until,
};

use super::picture::{golden_table, table};

/// A copy of the golden data set with some lines replaced.
fn copy_with(to: &Path, changes: &[(&str, usize, &str, &str)]) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(golden()).expect("the golden data set") {
        let path = entry.expect("an entry").path();
        if path.is_file() {
            std::fs::copy(&path, to.join(path.file_name().expect("a name"))).expect("a copy");
        }
    }
    for (file, line, from, into) in changes {
        let path = to.join(file);
        let text = std::fs::read_to_string(&path).expect("the file");
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let changed = lines[line - 1].replacen(from, into, 1);
        assert_ne!(changed, lines[line - 1], "{file}:{line} has no {from}");
        lines[line - 1] = changed;
        std::fs::write(&path, lines.join("\n") + "\n").expect("written");
    }
}

async fn import(up: &Wangge, data_dir: &DataDir, folder: &Path, dry_run: bool) -> Ended {
    let mut arguments: Vec<OsString> = vec!["import".into(), folder.into(), "--output".into()];
    arguments.extend([
        "json".into(),
        "--data-dir".into(),
        data_dir.as_os_str().to_owned(),
    ]);
    for service in Service::ALL {
        arguments.push(format!("--{}-url", service.name()).into());
        arguments.push(up.url(service).into());
    }
    if dry_run {
        arguments.push("--dry-run".into());
    }
    let arguments: Vec<&OsStr> = arguments.iter().map(OsString::as_os_str).collect();
    run(&arguments).await
}

/// Returns the locations of the problems: file, line and field. Each must have a reason.
fn problems(ended: &Ended) -> BTreeSet<(String, u64, String)> {
    assert!(!ended.status.success(), "{ended:?}");
    let lines = ended.stdout.lines().map(|line| {
        let problem: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let text = |name: &str| problem[name].as_str().expect(name).to_owned();
        assert!(
            !text("reason").is_empty() && !text("description").is_empty(),
            "{line}"
        );
        (
            text("file"),
            problem["line"].as_u64().expect("a line"),
            text("field"),
        )
    });
    lines.collect()
}

fn expected(problems: &[(&str, u64, &str)]) -> BTreeSet<(String, u64, String)> {
    let owned =
        |(file, line, field): &(&str, u64, &str)| ((*file).to_owned(), *line, (*field).to_owned());
    problems.iter().map(owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_with_a_bad_row_loads_nothing_and_a_good_one_everything() {
    let data_dir = DataDir::new();
    let up = Wangge::up(&data_dir, &[], &[]).await;

    // Problems that the files alone reveal.
    let folder = data_dir.join("unreadable");
    copy_with(
        &folder,
        &[
            ("tickets.csv", 2, "grid_worker", "telepathy"),
            ("registrations.csv", 3, "TN-MARKET", "NO-SUCH-UNIT"),
            (
                "check_in_visits.csv",
                4,
                "2021-02-12T11:34:30+08:00",
                "yesterday",
            ),
        ],
    );
    let ended = import(&up, &data_dir, &folder, false).await;
    let found = [
        ("tickets.csv", 2, "source"),
        ("registrations.csv", 3, "home_unit_code"),
        ("check_in_visits.csv", 4, "visit_time"),
    ];
    assert_eq!(problems(&ended), expected(&found), "{ended:?}");

    // Problems that only the services detect: all of them validate before any loads.
    let folder = data_dir.join("refused");
    // No other row of the same service references that person, or it would be refused as
    // well.
    let too_long = format!(",{},", "长".repeat(101));
    copy_with(
        &folder,
        &[
            ("people.csv", 59, ",朱甲三,", &too_long),
            ("categories.csv", 3, "calendar_days,3", "calendar_days,0"),
            ("ticket_actions.csv", 2, ",file,", ",confirm,"),
        ],
    );
    let ended = import(&up, &data_dir, &folder, false).await;
    let lines: BTreeSet<_> = problems(&ended)
        .into_iter()
        .map(|(file, line, _)| (file, line))
        .collect();
    let bad = [
        ("people.csv", 59),
        ("categories.csv", 3),
        ("ticket_actions.csv", 2),
    ];
    let bad = bad.map(|(file, line)| (file.to_owned(), line));
    assert_eq!(lines, bad.into(), "{ended:?}");
    assert_eq!(feed::read_all(&up).await.len(), 0);

    // A valid folder, first as a dry run.
    let ended = import(&up, &data_dir, &golden(), true).await;
    assert!(ended.status.success(), "{ended:?}");
    assert_eq!(feed::read_all(&up).await.len(), 0);
    let ended = import(&up, &data_dir, &golden(), false).await;
    assert!(ended.status.success(), "{ended:?}");
    let loaded: serde_json::Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!(loaded["unchanged"], 0);
    until(|| async {
        table(&up)
            .await
            .ok()
            .filter(|table| *table == golden_table())
    })
    .await;
    let events = feed::read_all(&up).await.len();

    // A second import of the same folder.
    let ended = import(&up, &data_dir, &golden(), false).await;
    let again: serde_json::Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!(
        (&again["imported"], &again["unchanged"]),
        (&0.into(), &loaded["imported"])
    );
    assert_eq!(feed::read_all(&up).await.len(), events);
    up.terminate().await;
}
