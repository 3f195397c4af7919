//! Coordinate systems. Everything is stored in WGS 84; points in other systems are
//! converted on arrival.

/// Semi-major axis and squared eccentricity of the Krasovsky ellipsoid, which
/// GCJ-02's offsets are based on.
const AXIS: f64 = 6_378_245.0;
const ECCENTRICITY: f64 = 0.006_693_421_622_965_943;
/// The frequency factor of BD-09's offset.
const BD_FACTOR: f64 = std::f64::consts::PI * 3000.0 / 180.0;

/// A coordinate system in which points are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// WGS 84, and CGCS2000, which differs from it by centimetres.
    Wgs84,
    /// GCJ-02, the obfuscated system of Chinese maps.
    Gcj02,
    /// BD-09, Baidu's offset of GCJ-02.
    Bd09,
}

/// A point in degrees: (longitude, latitude).
pub type Degrees = (f64, f64);

/// Converts a point to WGS 84, with an accuracy of about a metre.
pub fn to_wgs84(point: Degrees, system: System) -> Degrees {
    match system {
        System::Wgs84 => point,
        System::Gcj02 => gcj02_to_wgs84(point),
        System::Bd09 => gcj02_to_wgs84(bd09_to_gcj02(point)),
    }
}

/// Converts a point to GCJ-02; outside China it is returned unchanged.
pub fn wgs84_to_gcj02((longitude, latitude): Degrees) -> Degrees {
    if !(72.004..=137.8347).contains(&longitude) || !(0.8293..=55.8271).contains(&latitude) {
        return (longitude, latitude);
    }
    let (x, y) = (longitude - 105.0, latitude - 35.0);
    let radians = latitude.to_radians();
    let curve = 1.0 - ECCENTRICITY * radians.sin().powi(2);
    let north =
        offset_north(x, y).to_degrees() * curve * curve.sqrt() / (AXIS * (1.0 - ECCENTRICITY));
    let east = offset_east(x, y).to_degrees() * curve.sqrt() / (AXIS * radians.cos());
    (longitude + east, latitude + north)
}

/// Inverts GCJ-02, which has no inverse in closed form, by fixed-point iteration.
fn gcj02_to_wgs84(point: Degrees) -> Degrees {
    let mut guess = point;
    // The offset varies slowly, so a few iterations converge to well below a metre.
    for _ in 0..5 {
        let image = wgs84_to_gcj02(guess);
        guess = (guess.0 + point.0 - image.0, guess.1 + point.1 - image.1);
    }
    guess
}

fn bd09_to_gcj02((longitude, latitude): Degrees) -> Degrees {
    let (x, y) = (longitude - 0.0065, latitude - 0.006);
    let radius = x.hypot(y) - 0.000_02 * (y * BD_FACTOR).sin();
    let angle = y.atan2(x) - 0.000_003 * (x * BD_FACTOR).cos();
    (radius * angle.cos(), radius * angle.sin())
}

/// Returns the offset to the north, from published analyses of GCJ-02.
fn offset_north(x: f64, y: f64) -> f64 {
    let base = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * x.abs().sqrt();
    base + waves(&[(20.0, 6.0, x), (20.0, 2.0, x)])
        + waves(&[(20.0, 1.0, y), (40.0, 1.0 / 3.0, y)])
        + waves(&[(160.0, 1.0 / 12.0, y), (320.0, 1.0 / 30.0, y)])
}

/// Returns the offset to the east, from the same source.
fn offset_east(x: f64, y: f64) -> f64 {
    let base = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * x.abs().sqrt();
    base + waves(&[(20.0, 6.0, x), (20.0, 2.0, x)])
        + waves(&[(20.0, 1.0, x), (40.0, 1.0 / 3.0, x)])
        + waves(&[(150.0, 1.0 / 12.0, x), (300.0, 1.0 / 30.0, x)])
}

/// Returns two thirds of a sum of sines: (amplitude, frequency in half turns,
/// argument).
fn waves(waves: &[(f64, f64, f64)]) -> f64 {
    waves
        .iter()
        .map(|(amplitude, frequency, at)| {
            amplitude * (at * frequency * std::f64::consts::PI).sin() * 2.0 / 3.0
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn metres(a: Degrees, b: Degrees) -> f64 {
        let east = (a.0 - b.0) * 111_320.0 * a.1.to_radians().cos();
        let north = (a.1 - b.1) * 111_320.0;
        east.hypot(north)
    }

    #[test]
    fn gcj02_lies_hundreds_of_metres_off_in_changzhou() {
        let point = (119.9742, 31.7831);
        let off = metres(point, wgs84_to_gcj02(point));
        assert!((300.0..700.0).contains(&off), "{off} m");
    }

    #[test]
    fn abroad_nothing_is_moved() {
        assert_eq!(to_wgs84((2.35, 48.85), System::Gcj02), (2.35, 48.85));
    }

    proptest! {
        #[test]
        fn there_and_back_is_the_same_place(longitude in 75.0..135.0, latitude in 18.0..53.0) {
            let point = (longitude, latitude);
            let back = to_wgs84(wgs84_to_gcj02(point), System::Gcj02);
            prop_assert!(metres(point, back) < 0.1);
        }
    }
}
