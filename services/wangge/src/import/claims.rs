//! The areas and units that a folder claims to contain, for the dry runs of services that
//! learn of them by organization's feed: in a dry run nothing of the folder is there yet.

use std::collections::HashSet;

use prost::Message as _;
use wangge_api::organization::v1::{
    Area, ImportDataset, import_records_request::Record as Organization,
};

use super::records::Sourced;

/// Maximum size of a message in bytes, apart from its last area.
const MESSAGE: usize = 1024 * 1024;

/// Returns the areas and units of a folder that can be imported, and the areas of the platform
/// that it names.
pub(super) fn claims(
    records: &[Sourced<Organization>],
    refused: &HashSet<usize>,
    platform: Vec<Area>,
) -> ImportDataset {
    let mut dataset = ImportDataset {
        areas: platform,
        units: Vec::new(),
    };
    for (number, sourced) in records.iter().enumerate() {
        // A claim for a refused area would hide the faults of the rows that name it.
        match &sourced.record {
            _ if refused.contains(&number) => {}
            Organization::Area(area) => dataset.areas.push(area.clone()),
            Organization::Unit(unit) => dataset.units.push(unit.clone()),
            _ => {}
        }
    }
    dataset
}

/// Removes the boundaries, which not every service reads.
pub(super) fn without_boundaries(mut dataset: ImportDataset) -> ImportDataset {
    for area in &mut dataset.areas {
        area.boundary_geojson.clear();
    }
    dataset
}

/// Splits a data set into parts that fit in a message each. Returns at least one part: an
/// empty one states that nothing is claimed.
pub(super) fn parts(dataset: ImportDataset) -> Vec<ImportDataset> {
    let (mut parts, mut part, mut bytes) = (Vec::new(), ImportDataset::default(), 0);
    let mut begin = |part: &mut ImportDataset, more: usize| {
        // A part that is still empty accepts any area, however large: it can't be split.
        if bytes > 0 && bytes + more > MESSAGE {
            parts.push(std::mem::take(part));
            bytes = 0;
        }
        bytes += more;
    };
    for area in dataset.areas {
        begin(&mut part, area.encoded_len());
        part.areas.push(area);
    }
    for unit in dataset.units {
        begin(&mut part, unit.encoded_len());
        part.units.push(unit);
    }
    parts.push(part);
    parts
}

#[cfg(test)]
mod tests {
    use wangge_api::organization::v1::Unit;

    use super::*;

    #[test]
    fn a_large_data_set_is_parted_and_loses_nothing() {
        let area = |number: i32| Area {
            code: format!("320402003005{number:03}"),
            boundary_geojson: "x".repeat(MESSAGE / 3),
            ..Area::default()
        };
        let unit = Unit::default;
        let dataset = ImportDataset {
            areas: (0..7).map(area).collect(),
            units: vec![unit(), unit()],
        };
        let parts = parts(dataset.clone());
        assert!(parts.len() > 2);
        assert!(parts.iter().all(|part| part.encoded_len() < 2 * MESSAGE));
        let areas: Vec<_> = parts.iter().flat_map(|part| part.areas.clone()).collect();
        assert_eq!(areas, dataset.areas);
        assert_eq!(parts.iter().map(|part| part.units.len()).sum::<usize>(), 2);
        assert_eq!(super::parts(ImportDataset::default()).len(), 1);
    }
}
