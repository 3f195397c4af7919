//! The areas and units of a folder, sent with the dry runs of other services: those
//! learn of areas and units from organization's feed, which has none of the folder's
//! before the import.

use std::collections::HashSet;

use prost::Message as _;
use wangge_api::organization::v1::{
    Area, ImportDataset, import_records_request::Record as Organization,
};

use super::records::Sourced;

/// Target size of a message in bytes; one area may exceed it.
const MESSAGE: usize = 1024 * 1024;

/// Returns the folder's areas and units, without those that were refused, and the
/// areas of the platform that the folder references.
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
        match &sourced.record {
            // The import won't create it, so rows that reference it must fail in the dry
            // run, too.
            _ if refused.contains(&number) => {}
            Organization::Area(area) => dataset.areas.push(area.clone()),
            Organization::Unit(unit) => dataset.units.push(unit.clone()),
            _ => {}
        }
    }
    dataset
}

/// Removes the boundaries, which only tickets uses.
pub(super) fn without_boundaries(mut dataset: ImportDataset) -> ImportDataset {
    for area in &mut dataset.areas {
        area.boundary_geojson.clear();
    }
    dataset
}

/// Splits a data set into parts that each fit in a message. Returns at least one part,
/// even if it is empty: without a data set, services don't validate references.
pub(super) fn parts(dataset: ImportDataset) -> Vec<ImportDataset> {
    let (mut parts, mut part, mut bytes) = (Vec::new(), ImportDataset::default(), 0);
    let mut begin = |part: &mut ImportDataset, more: usize| {
        // A part is closed only if it has content: a single area above the target size is
        // sent alone, not after an empty part.
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
