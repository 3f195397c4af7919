//! Boundaries: a GeoJSON geometry in WGS 84, checked and read.

use geo::{Geometry, MultiPolygon};

/// Why a text is no boundary.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BoundaryError {
    /// It is no GeoJSON geometry.
    #[error("is no GeoJSON geometry")]
    NotGeoJson,
    /// It is a geometry that encloses nothing.
    #[error("must be a Polygon or a MultiPolygon")]
    NotAnArea,
    /// A ring has fewer than four points, or a point lies off the globe.
    #[error("has a ring of fewer than four points, or a point off the globe")]
    Degenerate,
}

/// Reads a boundary.
///
/// # Errors
/// When the text is no boundary.
pub fn read(geojson: &str) -> Result<MultiPolygon, BoundaryError> {
    let geometry: geojson::Geometry = geojson
        .parse::<geojson::GeoJson>()
        .ok()
        .and_then(|value| geojson::Geometry::try_from(value).ok())
        .ok_or(BoundaryError::NotGeoJson)?;
    let area: MultiPolygon =
        match Geometry::<f64>::try_from(geometry).map_err(|_| BoundaryError::NotGeoJson)? {
            Geometry::Polygon(polygon) => MultiPolygon::new(vec![polygon]),
            Geometry::MultiPolygon(area) => area,
            _ => return Err(BoundaryError::NotAnArea),
        };
    let sound = !area.0.is_empty()
        && area.iter().all(|polygon| {
            let ring = &polygon.exterior().0;
            ring.len() >= 4
                && ring
                    .iter()
                    .all(|at| at.x.abs() <= 180.0 && at.y.abs() <= 90.0)
        });
    if sound {
        Ok(area)
    } else {
        Err(BoundaryError::Degenerate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_areas_are_boundaries() {
        let square = r#"{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1],[0,0]]]}"#;
        assert!(read(square).is_ok());
        let point = r#"{"type":"Point","coordinates":[0,0]}"#;
        assert_eq!(read(point), Err(BoundaryError::NotAnArea));
        assert_eq!(read("nonsense"), Err(BoundaryError::NotGeoJson));
        let far = r#"{"type":"Polygon","coordinates":[[[0,0],[999,0],[1,1],[0,1],[0,0]]]}"#;
        assert_eq!(read(far), Err(BoundaryError::Degenerate));
    }
}
