//! Boundaries: GeoJSON geometries in WGS 84, parsed and validated.

use geo::{Geometry, MultiPolygon};
use geojson::GeometryValue;
use wangge_kernel::refusal::Rule;

use crate::rings;

/// The reason why a text is not a valid boundary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BoundaryError {
    /// The text isn't a GeoJSON geometry.
    #[error("is not a GeoJSON geometry")]
    NotGeoJson,
    /// The geometry has no area, such as a point or a line.
    #[error("must be a Polygon or a MultiPolygon")]
    NotAnArea,
    /// A ring has fewer than four positions.
    #[error("has a ring of fewer than four positions")]
    FewPositions,
    /// A ring's last position differs from its first.
    #[error("has a ring that is not closed: its last position must be its first")]
    NotClosed,
    /// A position is outside the valid range of longitude or latitude.
    #[error(
        "has a position out of range: longitude -180 to 180, latitude -90 to 90, in this order"
    )]
    OffTheGlobe,
    /// A ring crosses or touches itself.
    #[error("has a ring that crosses or touches itself, or that encloses nothing")]
    CrossesItself,
    /// A hole isn't inside its outer ring, or crosses it or another hole.
    #[error("has a hole that is not within its outer ring, or that overlaps another hole")]
    HoleOutside,
    /// Two parts of the boundary overlap.
    #[error("has parts that overlap")]
    PartsOverlap,
}

impl BoundaryError {
    /// Returns the violated rule, for refusals.
    pub fn rule(self) -> Rule {
        match self {
            Self::NotGeoJson => Rule::Geojson,
            Self::NotAnArea => Rule::GeojsonArea,
            Self::FewPositions => Rule::GeojsonRingPositions,
            Self::NotClosed => Rule::GeojsonRingClosed,
            Self::OffTheGlobe => Rule::GeojsonOnGlobe,
            Self::CrossesItself => Rule::GeojsonRingSimple,
            Self::HoleOutside => Rule::GeojsonHoleInside,
            Self::PartsOverlap => Rule::GeojsonPartsApart,
        }
    }
}

/// Parses a boundary that was validated when it was entered.
///
/// # Errors
/// Returns an error if the text isn't a polygon or multipolygon.
pub fn read(geojson: &str) -> Result<MultiPolygon, BoundaryError> {
    area_of(parse(geojson)?)
}

/// Parses and validates a new boundary: its rings are closed, on the globe and
/// simple, holes are inside their outer rings, parts don't overlap.
///
/// # Errors
/// Returns every fault of the text, each once.
pub fn check(geojson: &str) -> Result<MultiPolygon, Vec<BoundaryError>> {
    // Checked on the raw positions first: `geo` closes open rings silently, so a
    // missing end would go unnoticed.
    let geometry = parse(geojson).map_err(|error| vec![error])?;
    let mut faults = Vec::new();
    let mut check_rings = |rings: &[Vec<geojson::Position>]| {
        for ring in rings {
            check_ring(ring, &mut faults);
        }
        if rings.is_empty() {
            faults.push(BoundaryError::FewPositions);
        }
    };
    match &geometry.value {
        GeometryValue::Polygon { coordinates } => check_rings(coordinates),
        GeometryValue::MultiPolygon { coordinates } => {
            coordinates.iter().for_each(|rings| check_rings(rings));
        }
        _ => return Err(vec![BoundaryError::NotAnArea]),
    }
    // The geometric checks need well-formed rings.
    if faults.is_empty() {
        let area = area_of(geometry).map_err(|error| vec![error])?;
        if area.0.is_empty() {
            return Err(vec![BoundaryError::FewPositions]);
        }
        rings::check(&area, &mut faults);
        if faults.is_empty() {
            return Ok(area);
        }
    }
    faults.sort_unstable_by_key(|fault| fault.rule().name());
    faults.dedup();
    Err(faults)
}

fn parse(geojson: &str) -> Result<geojson::Geometry, BoundaryError> {
    geojson
        .parse::<geojson::GeoJson>()
        .ok()
        .and_then(|value| geojson::Geometry::try_from(value).ok())
        .ok_or(BoundaryError::NotGeoJson)
}

fn area_of(geometry: geojson::Geometry) -> Result<MultiPolygon, BoundaryError> {
    match Geometry::<f64>::try_from(geometry).map_err(|_| BoundaryError::NotGeoJson)? {
        Geometry::Polygon(polygon) => Ok(MultiPolygon::new(vec![polygon])),
        Geometry::MultiPolygon(area) => Ok(area),
        _ => Err(BoundaryError::NotAnArea),
    }
}

fn check_ring(ring: &[geojson::Position], faults: &mut Vec<BoundaryError>) {
    if ring.len() < 4 {
        faults.push(BoundaryError::FewPositions);
    }
    let place = |position: &geojson::Position| {
        let numbers = position.as_slice();
        numbers.first().copied().zip(numbers.get(1).copied())
    };
    let on_globe =
        |(longitude, latitude): (f64, f64)| longitude.abs() <= 180.0 && latitude.abs() <= 90.0;
    if !ring
        .iter()
        .all(|position| place(position).is_some_and(on_globe))
    {
        faults.push(BoundaryError::OffTheGlobe);
    }
    let ends = (ring.first().and_then(place), ring.last().and_then(place));
    if ends.0 != ends.1 {
        faults.push(BoundaryError::NotClosed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn polygon(rings: &str) -> String {
        format!(r#"{{"type":"Polygon","coordinates":[{rings}]}}"#)
    }

    #[test]
    fn only_areas_are_boundaries() {
        let square = polygon("[[0,0],[1,0],[1,1],[0,1],[0,0]]");
        assert!(read(&square).is_ok());
        assert!(check(&square).is_ok());
        let point = r#"{"type":"Point","coordinates":[0,0]}"#;
        assert_eq!(read(point), Err(BoundaryError::NotAnArea));
        assert_eq!(check(point), Err(vec![BoundaryError::NotAnArea]));
        assert_eq!(read("nonsense"), Err(BoundaryError::NotGeoJson));
        assert_eq!(check("nonsense"), Err(vec![BoundaryError::NotGeoJson]));
    }

    #[test]
    fn each_fault_of_a_ring_is_named_once() {
        const SQUARE: &str = "[[0,0],[4,0],[4,4],[0,4],[0,0]]";
        let two = |other: &str| polygon(&format!("{SQUARE},{other}"));
        for (given, faults) in [
            (
                polygon("[[0,0],[999,0],[1,1],[0,1],[0,0]]"),
                vec![BoundaryError::OffTheGlobe],
            ),
            (
                polygon("[[0,0],[1,0],[1,1],[0,1]]"),
                vec![BoundaryError::NotClosed],
            ),
            (
                polygon("[[0,0],[1,1],[0,1],[1,0],[0,0]]"),
                vec![BoundaryError::CrossesItself],
            ),
            (
                polygon("[[0,0],[1,0],[0,0]]"),
                vec![BoundaryError::FewPositions],
            ),
            (polygon(""), vec![BoundaryError::FewPositions]),
            (
                polygon("[[0,0],[1,0],[2,0],[0,0]]"),
                vec![BoundaryError::CrossesItself],
            ),
            (
                two("[[8,8],[9,8],[9,9],[8,8]]"),
                vec![BoundaryError::HoleOutside],
            ),
            (
                two("[[1,1],[1,999],[2,2],[1,1]]"),
                vec![BoundaryError::OffTheGlobe],
            ),
            (
                two("[[1,1],[2,1],[2,999]]"),
                vec![
                    BoundaryError::OffTheGlobe,
                    BoundaryError::NotClosed,
                    BoundaryError::FewPositions,
                ],
            ),
            (
                format!(
                    r#"{{"type":"MultiPolygon","coordinates":[[{SQUARE}],[[[1,1],[9,1],[9,9],[1,1]]]]}}"#
                ),
                vec![BoundaryError::PartsOverlap],
            ),
            (
                r#"{"type":"MultiPolygon","coordinates":[]}"#.to_owned(),
                vec![BoundaryError::FewPositions],
            ),
        ] {
            assert_eq!(check(&given).expect_err(&given), faults, "{given}");
        }
        assert!(check(&two("[[1,1],[2,1],[2,2],[1,1]]")).is_ok());
    }
}
