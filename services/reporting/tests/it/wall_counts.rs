//! Counts on the wall: by the definitions of the figures, as of its day, and without
//! revealing anyone to their neighbours.

use uuid::Uuid;
use wangge_api::{
    events::v1::{Event, event::Payload},
    organization::v1::FigureBound,
    reporting::v1::{CaseComparison, CaseLine, Wall},
};
use wangge_testkit::eventually;

use crate::{Bench, COMMUNITY, grid, plain, published, visited};

/// Codes of areas that are grids by their kind.
const GRIDS: [&str; 3] = ["320402003005011", "320402003005012", "320402003005013"];

/// A need tag of a resident, which belongs to the resident.
fn tag(area: &str, resident: Uuid) -> Event {
    let mut event = plain(
        Uuid::now_v7(),
        1,
        "need_tag",
        (area, ""),
        Some(resident),
        ("2022-01-01", ""),
    );
    if let Some(Payload::RecordChanged(record)) = &mut event.payload {
        record.parent_id = resident.to_string();
    }
    event
}

fn resident(id: Uuid, revision: i64, area: &str, end: &str) -> Event {
    plain(
        id,
        revision,
        "resident",
        (area, ""),
        None,
        ("2020-01-01", end),
    )
}

/// Returns the residents in need in each grid; `None` where the count is withheld.
fn in_need(wall: &Wall) -> Vec<Option<i32>> {
    let count = |grid: &wangge_api::reporting::v1::WallGrid| {
        (!grid.resident_in_need_withheld).then_some(grid.resident_in_need_count)
    };
    wall.grids.iter().map(count).collect()
}

fn figure<'w>(wall: &'w Wall, key: &str) -> Option<&'w CaseLine> {
    wall.figures.iter().find(|line| line.figure_key == key)
}

impl Bench {
    /// Creates residents in need in each grid.
    async fn residents_in_need(&self, counts: [usize; 3]) -> Vec<Uuid> {
        let mut residents = Vec::new();
        for (code, count) in GRIDS.into_iter().zip(counts) {
            self.organization.tell(grid(Uuid::now_v7(), 1, code, ""));
            for _ in 0..count {
                let id = Uuid::now_v7();
                self.organization.tell(resident(id, 1, code, ""));
                self.organization.tell(tag(code, id));
                residents.push(id);
            }
        }
        self.settle().await;
        residents
    }
}

#[tokio::test]
async fn wall_and_figure_count_the_same_residents() {
    let bench = Bench::start().await;
    let residents = bench.residents_in_need([7, 0, 0]).await;
    // Two had moved away or died before; their tags are unchanged.
    for id in &residents[..2] {
        bench
            .organization
            .tell(resident(*id, 2, GRIDS[0], "2022-07-27"));
    }
    bench.settle().await;
    for (at, count) in [("07-26 12:00", 7), ("07-27 12:00", 5), ("", 5)] {
        let wall = bench.wall(at).await;
        assert_eq!(in_need(&wall), [Some(count), Some(0), Some(0)], "{at}");
        let line = figure(&wall, "residents_in_need").expect("the figure");
        assert_eq!(line.computed_value, i64::from(count), "{at}");
    }
}

#[tokio::test]
async fn a_count_by_which_a_neighbour_is_known_is_withheld() {
    let bench = Bench::start().await;
    bench.residents_in_need([9, 6, 1]).await;
    let wall = bench.wall("").await;
    assert_eq!(
        in_need(&wall),
        [Some(9), None, None],
        "the total would give one away"
    );
    let withheld = wall
        .grids
        .iter()
        .filter(|grid| grid.resident_in_need_withheld);
    assert!(withheld.clone().count() == 2);
    assert!(
        withheld
            .into_iter()
            .all(|grid| grid.resident_in_need_count == 0)
    );
    let line = figure(&wall, "residents_in_need").expect("the figure");
    assert_eq!(line.computed_value, 16);
}

#[tokio::test]
async fn a_small_figure_of_residents_in_need_is_left_out_of_the_wall() {
    let bench = Bench::start().await;
    bench.residents_in_need([4, 0, 0]).await;
    let wall = bench.wall("").await;
    assert_eq!(in_need(&wall), [None, Some(0), Some(0)]);
    assert!(figure(&wall, "residents_in_need").is_none());
    assert!(figure(&wall, "official_check_ins").is_some());
}

#[tokio::test]
async fn a_wall_shows_the_figures_of_its_own_day() {
    let bench = Bench::start().await;
    let key = "official_check_ins";
    bench.volunteers.tell_all([
        visited(COMMUNITY, "07-10 09:00"),
        visited(COMMUNITY, "07-20 09:00"),
        visited(COMMUNITY, "07-28 09:00"),
    ]);
    bench.organization.tell_all([
        published(key, 1, FigureBound::Exact, "2022-07-10"),
        published(key, 2, FigureBound::Exact, "2022-07-20"),
    ]);
    bench.settle().await;
    let seen = |wall: &Wall| {
        let line = figure(wall, key).expect("the figure");
        let published = line.published.as_ref().map(|published| published.value);
        (line.computed_value, published, line.comparison())
    };
    let none = CaseComparison::Unspecified;
    for (at, expected) in [
        ("07-09 12:00", (0, None, none)),
        ("07-10 12:00", (1, Some(1), CaseComparison::Met)),
        ("07-15 12:00", (1, Some(1), none)),
        ("07-20 00:00", (2, Some(2), CaseComparison::Met)),
    ] {
        assert_eq!(seen(&bench.wall(at).await), expected, "{at}");
    }
    // The live one: today, with what was published beside it.
    eventually(|| async {
        let wall = bench.wall("").await;
        (seen(&wall) == (3, Some(2), none) && wall.figures_time.is_some()).then_some(())
    })
    .await;
}
