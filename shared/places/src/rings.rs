//! Validates rings: they are simple, holes are inside their outer ring, parts don't
//! overlap. The cost is near-linear in the number of positions, not quadratic.

use geo::{
    Area as _, BooleanOps as _, Intersects as _, Line, LineString, MultiPolygon, Polygon,
    unary_union,
};
use rstar::{
    AABB, RTree,
    primitives::{GeomWithData, Rectangle},
};

use crate::boundary::BoundaryError;

type Entry = GeomWithData<Rectangle<[f64; 2]>, usize>;

/// Maximum number of candidate pairs of sides compared for one ring. Only a
/// malicious ring has more sides this close to each other; its enclosed area is
/// compared instead.
const PAIRS: usize = 1_000_000;
/// Rounding error of an area in square degrees: a few square centimetres.
const NOTHING: f64 = 1e-13;
/// Rounding error of an area, relative to the area.
const ROUNDING: f64 = 1e-6;

/// Adds the faults of an area's rings, which must be closed.
pub(crate) fn check(area: &MultiPolygon, faults: &mut Vec<BoundaryError>) {
    let mut rings = area
        .iter()
        .flat_map(|part| std::iter::once(part.exterior()).chain(part.interiors()));
    // In this order: the checks for holes and overlaps are only correct for simple
    // rings.
    if !rings.all(is_simple) {
        faults.push(BoundaryError::CrossesItself);
        return;
    }
    if !area.iter().all(has_holes_inside) {
        faults.push(BoundaryError::HoleOutside);
        return;
    }
    if overlap(&area.0) {
        faults.push(BoundaryError::PartsOverlap);
    }
}

fn has_holes_inside(part: &Polygon) -> bool {
    let whole = filled(part.exterior());
    let holes: Vec<_> = part.interiors().iter().map(filled).collect();
    let outside = |hole: &Polygon| {
        let outside = hole.difference(&whole).unsigned_area();
        outside > rounding(whole.unsigned_area())
    };
    !holes.iter().any(outside) && !overlap(&holes)
}

/// Returns true if any two of the areas overlap.
fn overlap(areas: &[Polygon]) -> bool {
    // The union is smaller than the sum only if something is counted twice.
    let sum: f64 = areas.iter().map(geo::Area::unsigned_area).sum();
    areas.len() > 1 && sum - unary_union(areas).unsigned_area() > rounding(sum)
}

fn filled(ring: &LineString) -> Polygon {
    Polygon::new(ring.clone(), Vec::new())
}

fn rounding(area: f64) -> f64 {
    (area * ROUNDING).max(NOTHING)
}

/// Returns true if a ring neither crosses nor touches itself and encloses an area.
fn is_simple(ring: &LineString) -> bool {
    // Sides of length zero come from repeated positions, which are harmless.
    let sides: Vec<Line> = ring.lines().filter(|side| side.start != side.end).collect();
    let area = filled(ring).unsigned_area();
    if sides.len() < 3 || area < NOTHING {
        return false;
    }
    let boxes = sides
        .iter()
        .enumerate()
        .map(|(number, side)| Entry::new(Rectangle::from_aabb(around(side)), number));
    let tree = RTree::bulk_load(boxes.collect());
    let mut pairs = 0;
    for (number, side) in sides.iter().enumerate() {
        for other in tree.locate_in_envelope_intersecting(&around(side)) {
            // Each pair once.
            if other.data <= number {
                continue;
            }
            pairs += 1;
            if pairs > PAIRS {
                // A ring that crosses itself encloses parts twice, or with opposite
                // sign.
                let enclosed = unary_union([&filled(ring)]).unsigned_area();
                return (enclosed - area).abs() <= rounding(area);
            }
            let last = sides.len() - 1;
            let met = sides.get(other.data).is_some_and(|met| {
                // Neighbouring sides always share a position, so `intersects` can't
                // be used for them.
                if other.data == number + 1 {
                    turns_back(side, met)
                } else if number == 0 && other.data == last {
                    turns_back(met, side)
                } else {
                    side.intersects(met)
                }
            });
            if met {
                return false;
            }
        }
    }
    true
}

/// Returns true if a side overlaps the one before it.
fn turns_back(side: &Line, next: &Line) -> bool {
    side.intersects(&next.end) || next.intersects(&side.start)
}

fn around(side: &Line) -> AABB<[f64; 2]> {
    AABB::from_corners([side.start.x, side.start.y], [side.end.x, side.end.y])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(points: impl IntoIterator<Item = (f64, f64)>) -> LineString {
        let mut ring = LineString::from(points.into_iter().collect::<Vec<_>>());
        ring.close();
        ring
    }

    #[test]
    fn a_ring_is_simple_or_it_crosses_touches_or_turns_back() {
        let square = [(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0)];
        assert!(is_simple(&ring(square)));
        let with = |more: &[(f64, f64)]| ring(square.into_iter().chain(more.iter().copied()));
        assert!(is_simple(&with(&[(0.0, 2.0), (0.0, 2.0)])));
        assert!(!is_simple(&with(&[(5.0, 2.0)])), "crosses");
        assert!(!is_simple(&with(&[(4.0, 2.0)])), "touches");
        assert!(!is_simple(&with(&[(0.0, 6.0)])), "turns back");
        assert!(!is_simple(&ring([(0.0, 0.0), (1.0, 0.0), (2.0, 0.0)])));
    }

    /// Returns a comb of slanting teeth, whose sides all come close to each other.
    fn comb(teeth: u32, crossing: bool) -> LineString {
        let mut points = vec![(0.0, -1.0)];
        for tooth in 0..teeth {
            let x = f64::from(tooth) * 1e-3;
            points.extend([(x, 0.0), (x + 1e-4 + 10.0, 10.0), (x + 5e-4, 0.0)]);
        }
        points.push((f64::from(teeth) * 1e-3, if crossing { 8.0 } else { -1.0 }));
        ring(points)
    }

    #[test]
    fn a_ring_made_to_be_costly_is_still_told_apart() {
        assert!(is_simple(&comb(2_000, false)));
        assert!(!is_simple(&comb(2_000, true)));
    }
}
