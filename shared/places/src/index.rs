//! The index that is asked: boundaries by point, the address book by words.

use std::collections::HashMap;

use geo::{BoundingRect as _, Intersects as _, MultiPolygon, Point};
use rstar::{
    AABB, RTree,
    primitives::{GeomWithData, Rectangle},
};

use crate::{address, coordinates::Degrees};

type Entry = GeomWithData<Rectangle<[f64; 2]>, usize>;

/// Finds the area of a point or an address.
#[derive(Debug, Default)]
pub struct PlaceIndex {
    areas: Vec<(String, MultiPolygon)>,
    boxes: RTree<Entry>,
    addresses: HashMap<String, String>,
    /// Lengths of the entries of the address book in characters, longest first.
    lengths: Vec<usize>,
}

impl PlaceIndex {
    /// An index over areas (code, boundary) and addresses (normalized text,
    /// code).
    pub fn new(
        areas: Vec<(String, MultiPolygon)>,
        addresses: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        let boxes = areas
            .iter()
            .enumerate()
            .filter_map(|(number, (_, area))| {
                let bounds = area.bounding_rect()?;
                let corners = Rectangle::from_corners(
                    [bounds.min().x, bounds.min().y],
                    [bounds.max().x, bounds.max().y],
                );
                Some(Entry::new(corners, number))
            })
            .collect();
        let addresses: HashMap<_, _> = addresses.into_iter().collect();
        let mut lengths: Vec<_> = addresses.keys().map(|text| text.chars().count()).collect();
        lengths.sort_unstable_by(|a, b| b.cmp(a));
        lengths.dedup();
        Self {
            areas,
            boxes: RTree::bulk_load(boxes),
            addresses,
            lengths,
        }
    }

    /// Code of the smallest area that holds a point in WGS 84: the longest
    /// code, and of several the lowest, so that a point on a common border has
    /// one answer.
    pub fn locate_point(&self, point: Degrees) -> Option<&str> {
        let at = Point::new(point.0, point.1);
        self.boxes
            .locate_in_envelope_intersecting(&AABB::from_point([point.0, point.1]))
            .filter_map(|entry| self.areas.get(entry.data))
            .filter(|(_, area)| area.intersects(&at))
            .map(|(code, _)| code.as_str())
            .min_by_key(|code| (std::cmp::Reverse(code.len()), *code))
    }

    /// Code of the area of an address: the longest entry of the address book
    /// that it begins with decides.
    pub fn locate_address(&self, text: &str) -> Option<&str> {
        let letters: Vec<char> = address::normalize(text).chars().collect();
        self.lengths
            .iter()
            .filter_map(|length| letters.get(..*length))
            .find_map(|beginning| self.addresses.get(&beginning.iter().collect::<String>()))
            .map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boundary;

    fn square(x: i32) -> MultiPolygon {
        boundary::read(&format!(
            r#"{{"type":"Polygon","coordinates":[[[{x},0],[{e},0],[{e},1],[{x},1],[{x},0]]]}}"#,
            e = x + 1
        ))
        .unwrap()
    }

    #[test]
    fn the_smallest_area_wins_and_borders_have_one_answer() {
        let index = PlaceIndex::new(
            vec![
                ("11".into(), square(0)),
                ("1101".into(), square(0)),
                ("1102".into(), square(1)),
            ],
            [],
        );
        assert_eq!(index.locate_point((0.5, 0.5)), Some("1101"));
        assert_eq!(index.locate_point((1.0, 0.5)), Some("1101"));
        assert_eq!(index.locate_point((1.5, 0.5)), Some("1102"));
        assert_eq!(index.locate_point((9.0, 0.5)), None);
    }

    #[test]
    fn the_longest_beginning_wins() {
        let index = PlaceIndex::new(
            vec![],
            [
                ("富强新村".to_owned(), "1".to_owned()),
                ("富强新村1幢".to_owned(), "2".to_owned()),
            ],
        );
        assert_eq!(index.locate_address("富强新村 １幢 3单元"), Some("2"));
        assert_eq!(index.locate_address("富强新村11幢"), Some("1"));
        assert_eq!(index.locate_address("别处"), None);
        assert_eq!(index.locate_address(""), None);
    }
}
