//! Distances on the ground, by projecting degrees to metres around a point.
//! Accurate to one part in a thousand within a few hundred kilometres.

use geo::{
    Area as _, BooleanOps as _, BoundingRect as _, Buffer as _, Coord, Distance as _, Euclidean,
    MapCoords as _, MultiPolygon, Point,
};

use crate::coordinates::Degrees;

/// Metres per degree of latitude.
const DEGREE: f64 = 111_320.0;
/// Rounding error of an area, in square metres.
const NOTHING: f64 = 1.0;

/// Returns the distance of a point from an area in metres; 0 inside it.
pub fn distance(point: Degrees, area: &MultiPolygon) -> f64 {
    Euclidean.distance(&Point::new(0.0, 0.0), &laid_out(area, point))
}

/// Returns true if one area is inside another, with a tolerance in metres.
pub fn lies_within(inner: &MultiPolygon, outer: &MultiPolygon, tolerance: f64) -> bool {
    let Some(bounds) = outer.bounding_rect() else {
        return false;
    };
    // Both are projected around the same point, so that their edges stay
    // comparable.
    let middle = bounds.center();
    let middle = (middle.x, middle.y);
    let outer = laid_out(outer, middle).buffer(tolerance);
    laid_out(inner, middle).difference(&outer).unsigned_area() < NOTHING
}

/// Converts metres at a latitude to degrees of longitude and latitude.
pub(crate) fn degrees(metres: f64, latitude: f64) -> Degrees {
    (metres / (DEGREE * narrowing(latitude)), metres / DEGREE)
}

fn laid_out(area: &MultiPolygon, around: Degrees) -> MultiPolygon {
    let wide = DEGREE * narrowing(around.1);
    area.map_coords(|at| Coord {
        x: (at.x - around.0) * wide,
        y: (at.y - around.1) * DEGREE,
    })
}

fn narrowing(latitude: f64) -> f64 {
    // Not zero at the poles, where the caller would divide by it.
    latitude.to_radians().cos().max(1e-6)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boundary;

    fn rectangle(west: f64, south: f64, east: f64, north: f64) -> MultiPolygon {
        let ring = format!(
            "[{west},{south}],[{east},{south}],[{east},{north}],[{west},{north}],[{west},{south}]"
        );
        boundary::check(&format!(r#"{{"type":"Polygon","coordinates":[[{ring}]]}}"#)).unwrap()
    }

    #[test]
    fn a_distance_is_in_metres() {
        let area = rectangle(119.97, 31.78, 119.98, 31.79);
        assert_eq!(distance((119.975, 31.785), &area), 0.0);
        let north = distance((119.975, 31.791), &area);
        assert!((north - 111.3).abs() < 0.2, "{north}");
        let east = distance((119.981, 31.785), &area);
        assert!((east - 94.6).abs() < 0.3, "{east}");
    }

    #[test]
    fn within_leaves_some_metres_to_rounding_and_no_more() {
        let outer = rectangle(119.97, 31.78, 119.98, 31.79);
        assert!(lies_within(&outer, &outer, 5.0));
        // About two metres, and about ten, beyond the east side.
        assert!(lies_within(
            &rectangle(119.975, 31.78, 119.98002, 31.79),
            &outer,
            5.0
        ));
        assert!(!lies_within(
            &rectangle(119.975, 31.78, 119.9801, 31.79),
            &outer,
            5.0
        ));
        assert!(!lies_within(
            &rectangle(119.0, 31.0, 121.0, 32.0),
            &outer,
            5.0
        ));
        assert!(!lies_within(&rectangle(0.0, 0.0, 0.01, 0.01), &outer, 5.0));
        let ring = |w: f64, e: f64| format!("[[{w},{w}],[{e},{w}],[{e},{e}],[{w},{e}],[{w},{w}]]");
        let holed = format!(
            r#"{{"type":"Polygon","coordinates":[{},{}]}}"#,
            ring(0.0, 0.03),
            ring(0.01, 0.02)
        );
        let holed = boundary::check(&holed).unwrap();
        assert!(!lies_within(
            &rectangle(0.01, 0.01, 0.02, 0.02),
            &holed,
            5.0
        ));
    }

    #[test]
    fn boundaries_of_the_data_sets_lie_within_their_communities() {
        for set in ["fuqiang", "linhe"] {
            let file = format!(
                "{}/../../tests/data/{set}/boundaries.geojson",
                env!("CARGO_MANIFEST_DIR")
            );
            let text = std::fs::read_to_string(file).unwrap();
            let features = text.parse::<geojson::FeatureCollection>().unwrap().features;
            let areas: Vec<(String, MultiPolygon)> = features
                .iter()
                .map(|feature| {
                    let code = feature.property("area_code").and_then(|code| code.as_str());
                    let boundary = feature.geometry.as_ref().unwrap().to_string();
                    (
                        code.unwrap().to_owned(),
                        boundary::check(&boundary).unwrap(),
                    )
                })
                .collect();
            assert!(areas.len() > 3, "{set}");
            for (code, inner) in &areas {
                for (around, outer) in &areas {
                    let inside = code.starts_with(around.as_str());
                    assert!(
                        !inside || lies_within(inner, outer, 5.0),
                        "{code} in {around}"
                    );
                }
            }
        }
    }
}
