//! The spatial and text index: boundaries by point, the address book by text.

use std::{cmp::Reverse, collections::HashMap};

use chrono::NaiveDate;
use geo::{BoundingRect as _, Intersects as _, MultiPolygon, Point};
use rstar::{
    AABB, RTree,
    primitives::{GeomWithData, Rectangle},
};

use crate::{
    address,
    claims::{Located, Tree},
    coordinates::Degrees,
    names::Names,
    plane,
};

type Entry = GeomWithData<Rectangle<[f64; 2]>, usize>;

/// Tolerance in metres within which a point outside every grid is assigned to the
/// nearest one.
const TOLERANCE: f64 = 2.0;
/// Distances that differ by less count as equal, in metres.
const SAME: f64 = 0.01;

/// An area in the index, with the days on which it exists.
#[derive(Debug, Clone, Default)]
pub struct PlaceArea {
    /// Code of the area; its prefixes are its ancestors.
    pub code: String,
    /// Name of the area; empty if unknown.
    pub name: String,
    /// True if the area is a grid.
    pub is_grid: bool,
    /// First day on which the area exists; `None` if it always has.
    pub start_date: Option<NaiveDate>,
    /// First day on which the area no longer exists; `None` if it hasn't ended.
    pub end_date: Option<NaiveDate>,
    /// Boundary, if known; it is ignored on days on which the area doesn't exist.
    pub boundary: Option<MultiPolygon>,
}

impl PlaceArea {
    /// Returns true if the area exists on a day.
    pub fn exists_on(&self, day: NaiveDate) -> bool {
        self.start_date.is_none_or(|start| start <= day)
            && self.end_date.is_none_or(|end| day < end)
    }

    fn bounds_on(&self, day: NaiveDate) -> Option<&MultiPolygon> {
        self.boundary.as_ref().filter(|_| self.exists_on(day))
    }
}

/// An entry of the address book.
#[derive(Debug, Clone)]
pub struct AddressEntry {
    /// The address, which is normalised by the index.
    pub text: String,
    /// Code of the area that the address is in.
    pub area_code: String,
}

/// Finds the area of a point or an address.
#[derive(Debug, Default)]
pub struct PlaceIndex {
    tree: Tree,
    names: Names,
    /// Areas, sorted by code.
    areas: Vec<PlaceArea>,
    boxes: RTree<Entry>,
    /// Codes of the areas that claim an address, by normalised address.
    addresses: HashMap<String, Vec<String>>,
    /// Distinct lengths of the normalised entries in characters, longest first.
    lengths: Vec<usize>,
}

impl PlaceIndex {
    /// Builds the index of all areas and of the address book. Areas without a
    /// boundary are needed for the tree.
    pub fn new(
        mut areas: Vec<PlaceArea>,
        addresses: impl IntoIterator<Item = AddressEntry>,
    ) -> Self {
        // Sorted for the binary search in `area` and for `is_far`, which relies on
        // ancestors before descendants.
        areas.sort_unstable_by(|one, other| one.code.cmp(&other.code));
        let tree = Tree::new(areas.iter().map(|area| area.code.clone()).collect());
        // Grids are left out: addresses start with names of districts, streets and
        // communities.
        let names = Names::new(areas.iter().filter(|area| !area.is_grid).map(|area| {
            let is_district = tree.parent(&area.code).is_none();
            (area.name.as_str(), area.code.as_str(), is_district)
        }));
        let boxes = areas.iter().enumerate().filter_map(|(number, area)| {
            let bounds = area.boundary.as_ref()?.bounding_rect()?;
            let (low, high) = (bounds.min(), bounds.max());
            let corners = Rectangle::from_corners([low.x, low.y], [high.x, high.y]);
            Some(Entry::new(corners, number))
        });
        let boxes = RTree::bulk_load(boxes.collect());
        let mut by_words: HashMap<String, Vec<String>> = HashMap::new();
        for entry in addresses {
            // Normalised again: an entry may have been stored by an older version
            // of the rules.
            let words = address::normalize(&entry.text);
            by_words.entry(words).or_default().push(entry.area_code);
        }
        let mut lengths: Vec<_> = by_words.keys().map(|text| text.chars().count()).collect();
        lengths.sort_unstable_by_key(|length| Reverse(*length));
        lengths.dedup();
        Self {
            tree,
            names,
            areas,
            boxes,
            addresses: by_words,
            lengths,
        }
    }

    /// Locates a point (WGS 84) within an area on a day: in the smallest area whose
    /// boundary contains it. If grids of one community overlap, the lowest code
    /// wins. A point in no grid is assigned to the nearest one within two metres.
    pub fn locate_point(&self, point: Degrees, within: &str, day: NaiveDate) -> Located<'_> {
        let at = Point::new(point.0, point.1);
        let holds = |area: &&PlaceArea| {
            area.code.starts_with(within)
                && area
                    .boundary
                    .as_ref()
                    .is_some_and(|area| area.intersects(&at))
        };
        let holding: Vec<_> = self.near(point, 0.0, day).filter(holds).collect();
        let found = self.decide(holding.iter().map(|area| area.code.as_str()));
        match found {
            // Boundaries of adjacent grids needn't meet exactly: a point in a gap
            // still gets the nearest grid.
            Located::Nowhere => self
                .nearest_grid(point, within, day)
                .unwrap_or(Located::Nowhere),
            Located::In(code) if !self.is_grid(code) => self
                .nearest_grid(point, code, day)
                .unwrap_or(Located::In(code)),
            found => found,
        }
    }

    /// Returns true if a point was farther than `metres` from the relevant
    /// boundaries on a day: that of the area itself, else that of its nearest
    /// ancestor with one, else those of all areas inside it. False if there are
    /// none.
    pub fn is_far(&self, point: Degrees, area: &str, metres: f64, day: NaiveDate) -> bool {
        // In reverse code order, the longest prefix of a code comes first.
        let mut around = self.areas.iter().rev();
        let around = around.find_map(|around| {
            let boundary = around.bounds_on(day)?;
            area.starts_with(&around.code).then_some(boundary)
        });
        if let Some(boundary) = around {
            return plane::distance(point, boundary) > metres;
        }
        let inside =
            |other: &&PlaceArea| other.bounds_on(day).is_some() && other.code.starts_with(area);
        self.areas.iter().any(|other| inside(&other))
            && !self.near(point, metres, day).filter(inside).any(|area| {
                let distance = area
                    .boundary
                    .as_ref()
                    .map(|area| plane::distance(point, area));
                distance.is_some_and(|distance| distance <= metres)
            })
    }

    /// Locates an address within an area by the longest entry of the address book
    /// that is its prefix, after skipping names of ancestor areas. If entries of
    /// several communities claim it, none wins.
    pub fn locate_address(&self, text: &str, within: &str) -> Located<'_> {
        let letters: Vec<char> = address::normalize(text).chars().collect();
        let (mut rest, mut within) = (letters.as_slice(), within.to_owned());
        loop {
            // Before any name is skipped: an entry may itself start with an area's
            // name.
            let claims = self.entries(rest, &within);
            if !claims.is_empty() {
                return self.tree.decide(&claims, |code| self.is_grid(code));
            }
            let Some((area, behind)) = self.names.take(rest, &within) else {
                return Located::Nowhere;
            };
            rest = behind;
            // A name of an ancestor of `within` doesn't widen the search.
            if area.len() > within.len() {
                area.clone_into(&mut within);
            }
        }
    }

    /// Returns the areas of all entries that are a prefix of the text, longest
    /// entry first; among entries of the same length the smallest area first.
    fn entries(&self, letters: &[char], within: &str) -> Vec<&str> {
        let mut claims = Vec::new();
        for length in &self.lengths {
            let Some((words, rest)) = letters.split_at_checked(*length) else {
                continue;
            };
            if !address::may_end(words, rest) {
                continue;
            }
            let areas = self.addresses.get(&words.iter().collect::<String>());
            let mut areas: Vec<&str> = areas.into_iter().flatten().map(String::as_str).collect();
            areas.retain(|code| code.starts_with(within));
            areas.sort_unstable_by_key(|code| (Reverse(code.len()), *code));
            claims.extend(areas);
        }
        claims
    }

    /// Decides between the areas that contain a place: of the smallest ones (those
    /// without a descendant among them), the lowest code wins if all have the same
    /// parent.
    fn decide<'a>(&'a self, holding: impl Iterator<Item = &'a str>) -> Located<'a> {
        let mut codes: Vec<&str> = holding.collect();
        // In code order, an area directly precedes its descendants, so comparing
        // neighbours finds the smallest ones.
        codes.sort_unstable();
        let smallest: Vec<&str> = codes
            .iter()
            .zip(codes.iter().skip(1).map(Some).chain([None]))
            .filter(|(code, next)| next.is_none_or(|next| !next.starts_with(**code)))
            .map(|(code, _)| *code)
            .collect();
        self.tree.decide(&smallest, |code| self.is_grid(code))
    }

    fn nearest_grid(&self, point: Degrees, within: &str, day: NaiveDate) -> Option<Located<'_>> {
        let mut grids: Vec<(f64, &str)> = self
            .near(point, TOLERANCE, day)
            .filter(|area| area.is_grid && area.code.starts_with(within))
            .filter_map(|area| {
                let distance = plane::distance(point, area.boundary.as_ref()?);
                (distance <= TOLERANCE).then_some((distance, area.code.as_str()))
            })
            .collect();
        grids.sort_unstable_by(|one, other| one.0.total_cmp(&other.0));
        let nearest = grids.first()?.0;
        // Shared edges give almost equal distances, which must not be decided by
        // rounding.
        let same = grids
            .iter()
            .filter(|(distance, _)| distance - nearest < SAME);
        Some(self.decide(same.map(|(_, code)| *code)))
    }

    /// Returns the areas of a day whose bounding boxes are within `metres` of a
    /// point.
    fn near(
        &self,
        point: Degrees,
        metres: f64,
        day: NaiveDate,
    ) -> impl Iterator<Item = &PlaceArea> {
        // The tree indexes degrees, so the distance is converted at the point's
        // latitude.
        let (east, north) = plane::degrees(metres, point.1);
        let envelope = AABB::from_corners(
            [point.0 - east, point.1 - north],
            [point.0 + east, point.1 + north],
        );
        self.boxes
            .locate_in_envelope_intersecting(&envelope)
            .filter_map(|entry| self.areas.get(entry.data))
            .filter(move |area| area.exists_on(day))
    }

    /// Returns the area with a code.
    pub fn area(&self, code: &str) -> Option<&PlaceArea> {
        let number = self
            .areas
            .binary_search_by(|area| area.code.as_str().cmp(code));
        self.areas.get(number.ok()?)
    }

    fn is_grid(&self, code: &str) -> bool {
        self.area(code).is_some_and(|area| area.is_grid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boundary;

    const A: &str = "320402003005";
    const B: &str = "320402003006";

    /// Returns a square of a hundredth of a degree, `x` hundredths to the east.
    fn square(x: f64, y: f64) -> MultiPolygon {
        let (w, s) = (119.97 + x * 0.01, 31.78 + y * 0.01);
        let (e, n) = (w + 0.01, s + 0.01);
        boundary::check(&format!(
            r#"{{"type":"Polygon","coordinates":[[[{w},{s}],[{e},{s}],[{e},{n}],[{w},{n}],[{w},{s}]]]}}"#
        ))
        .unwrap()
    }

    fn at(x: f64, y: f64) -> Degrees {
        (119.97 + x * 0.01, 31.78 + y * 0.01)
    }

    fn day(month: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2024, month, 1).unwrap()
    }

    fn today() -> NaiveDate {
        day(12)
    }

    fn area(code: &str, name: &str, boundary: Option<MultiPolygon>) -> PlaceArea {
        PlaceArea {
            code: code.into(),
            name: name.into(),
            is_grid: code.len() == 15,
            start_date: None,
            end_date: None,
            boundary,
        }
    }

    fn entries(entries: &[(&str, &str)]) -> Vec<AddressEntry> {
        let entry = |(text, area_code): &(&str, &str)| AddressEntry {
            text: (*text).into(),
            area_code: (*area_code).into(),
        };
        entries.iter().map(entry).collect()
    }

    /// Returns two communities of one street, with two grids and one grid.
    fn tree() -> Vec<PlaceArea> {
        vec![
            area("320402", "天宁区", None),
            area("320402003", "示例街道", None),
            area("320403", "钟楼区", None),
            area(A, "富强新村社区", None),
            area(B, "和平社区", None),
            area("320402003005001", "一", Some(square(0.0, 0.0))),
            area("320402003005002", "二", Some(square(1.0, 0.0))),
            area("320402003006001", "三", Some(square(2.0, 0.0))),
        ]
    }

    fn with(more: Vec<PlaceArea>) -> PlaceIndex {
        let mut areas = tree();
        areas.retain(|area| more.iter().all(|other| other.code != area.code));
        PlaceIndex::new(areas.into_iter().chain(more).collect(), [])
    }

    #[test]
    fn the_smallest_area_has_a_point_and_a_common_border_one_answer() {
        let index = with(vec![area(A, "", Some(square(0.0, 0.0)))]);
        assert_eq!(
            index.locate_point(at(0.5, 0.5), "", today()),
            Located::In("320402003005001")
        );
        assert_eq!(
            index.locate_point(at(1.0, 0.5), "", today()),
            Located::In("320402003005001")
        );
        assert_eq!(
            index.locate_point(at(1.5, 0.5), "", today()),
            Located::In("320402003005002")
        );
        assert_eq!(
            index.locate_point(at(9.0, 0.5), "", today()),
            Located::Nowhere
        );
        assert_eq!(
            index.locate_point(at(0.5, 0.5), B, today()),
            Located::Nowhere
        );
    }

    #[test]
    fn a_point_at_a_side_lies_in_the_nearest_grid_within_two_metres() {
        let index = with(vec![]);
        let metre = 1.0 / 1113.2;
        assert_eq!(
            index.locate_point(at(0.5, -metre), "", today()),
            Located::In("320402003005001")
        );
        assert_eq!(
            index.locate_point(at(0.5, -3.0 * metre), "", today()),
            Located::Nowhere
        );
        // Inside the community, but just outside its grid.
        let index = with(vec![area(A, "", Some(square(0.0, -0.5)))]);
        assert_eq!(
            index.locate_point(at(0.5, -metre), "", today()),
            Located::In("320402003005001")
        );
        assert_eq!(
            index.locate_point(at(0.5, -3.0 * metre), "", today()),
            Located::In(A)
        );
    }

    #[test]
    fn a_grid_drawn_over_another_community_takes_nothing_from_it() {
        // Its code has the maximum length.
        let greedy = PlaceArea {
            is_grid: true,
            ..area("32040200300500100000001", "", Some(square(2.0, 0.0)))
        };
        let index = with(vec![greedy.clone()]);
        let claims = vec!["32040200300500100000001", "320402003006001"];
        let common = Some("320402003");
        assert_eq!(
            index.locate_point(at(2.5, 0.5), "", today()),
            Located::Between { common, claims }
        );
        // Naming the community includes its grids.
        assert_eq!(
            index.locate_point(at(2.5, 0.5), B, today()),
            Located::In("320402003006001")
        );
        // A community without grids claims everything in its boundary, too.
        let index = with(vec![
            greedy,
            PlaceArea {
                boundary: None,
                ..area("320402003006001", "", None)
            },
            area(B, "", Some(square(2.0, 0.0))),
        ]);
        assert_eq!(index.locate_point(at(2.5, 0.5), "", today()).area(), common);
    }

    #[test]
    fn of_grids_of_one_community_the_lowest_code_has_what_both_hold() {
        let index = with(vec![area("320402003005002", "", Some(square(0.0, 0.0)))]);
        assert_eq!(
            index.locate_point(at(0.5, 0.5), "", today()),
            Located::In("320402003005001")
        );
    }

    #[test]
    fn a_point_lies_in_the_grid_of_its_day() {
        let ended = PlaceArea {
            end_date: Some(day(6)),
            ..area("320402003005001", "", Some(square(0.0, 0.0)))
        };
        let begun = PlaceArea {
            start_date: Some(day(7)),
            ..area("320402003005003", "", Some(square(0.0, 0.0)))
        };
        let index = with(vec![ended, begun]);
        let on = |month| index.locate_point(at(0.5, 0.5), "", day(month));
        assert_eq!(on(5), Located::In("320402003005001"));
        assert_eq!(on(6), Located::Nowhere);
        assert_eq!(on(7), Located::In("320402003005003"));
    }

    #[test]
    fn far_is_far_from_every_boundary_in_reach() {
        let index = with(vec![]);
        for (point, area, far) in [
            ((0.0, 0.0), A, true),
            (at(0.5, 0.5), A, false),
            (at(5.0, 0.5), A, false),
            (at(50.0, 0.5), "320402", true),
            (at(50.0, 0.5), "320403", false),
        ] {
            assert_eq!(
                index.is_far(point, area, 5_000.0, today()),
                far,
                "{point:?} {area}"
            );
        }
        let index = with(vec![area("320402003", "", Some(square(9.0, 0.0)))]);
        assert!(
            index.is_far(at(0.5, 0.5), A, 5_000.0, today()),
            "the street's boundary is the nearest"
        );
    }

    #[test]
    fn the_longest_beginning_wins() {
        let book = [
            ("富强新村", "320402003005002"),
            ("富强新村1幢", "320402003005001"),
        ];
        let index = PlaceIndex::new(tree(), entries(&book));
        for (text, code) in [
            ("富强新村 １幢 3单元", Some("320402003005001")),
            ("富强新村11幢", Some("320402003005002")),
            ("别处", None),
            ("", None),
        ] {
            assert_eq!(index.locate_address(text, "").area(), code, "{text}");
        }
    }

    #[test]
    fn a_number_is_never_taken_for_a_part_of_another() {
        let book = [
            ("富强新村1", "320402003005001"),
            ("人民路12弄", "320402003005001"),
            ("2号", "320402003005001"),
            ("二号村2号楼", "320402003005002"),
        ];
        let index = PlaceIndex::new(tree(), entries(&book));
        for (text, code) in [
            ("富强新村11幢", None),
            ("富强新村1、2幢", None),
            ("富强新村1幢", Some("320402003005001")),
            ("人民路112弄", None),
            ("人民路12弄3号", Some("320402003005001")),
            ("二号村3号楼", None),
            ("２號村2栋", Some("320402003005002")),
            ("一万路10号", None),
        ] {
            assert_eq!(index.locate_address(text, "").area(), code, "{text}");
        }
    }

    #[test]
    fn names_of_areas_around_may_stand_before() {
        let book = [
            ("富强新村17幢", "320402003005001"),
            ("梅苑1幢", "320402003006001"),
        ];
        let index = PlaceIndex::new(tree(), entries(&book));
        for (text, code) in [
            ("江苏省常州市天宁区富强新村17幢", Some("320402003005001")),
            ("常州市天宁区示例街道富强新村17栋", Some("320402003005001")),
            ("天宁区富强新村十七号楼", Some("320402003005001")),
            ("富强新村社区富强新村17幢", Some("320402003005001")),
            // In another district, in another community, or in no area at all.
            ("钟楼区富强新村17幢", None),
            ("和平社区富强新村17幢", None),
            ("新城市花园南区梅苑1幢", None),
            ("示例街道17幢", None),
        ] {
            assert_eq!(index.locate_address(text, "").area(), code, "{text}");
        }
    }

    #[test]
    fn an_entry_takes_no_report_from_another_community() {
        let book = [
            ("人民路1号", "320402003005001"),
            ("人民路1号", "320402003006001"),
        ];
        let index = PlaceIndex::new(tree(), entries(&book));
        let claims = vec!["320402003005001", "320402003006001"];
        let common = Some("320402003");
        let found = index.locate_address("人民路1号", "320402");
        assert_eq!(found, Located::Between { common, claims });
        assert_eq!(
            index.locate_address("人民路1号", B),
            Located::In("320402003006001")
        );
        // A longer entry whose prefix is an entry of another community.
        let book = [("和平里", B), ("和平里3幢", "320402003005001")];
        let index = PlaceIndex::new(tree(), entries(&book));
        assert_eq!(index.locate_address("和平里3幢", "").area(), common);
        assert_eq!(index.locate_address("和平里4幢", ""), Located::In(B));
    }
}
