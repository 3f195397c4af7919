//! The areas and units that a data set contains: the references of a dry run are
//! checked against them where they aren't on the platform yet. It doesn't read data
//! sets: that is up to the import.

use std::collections::HashMap;

use uuid::Uuid;
use wangge_record::ResolvedReference;

/// The areas of a data set by code, and its units by id.
#[derive(Debug, Default)]
pub struct Claims {
    /// The data set's areas, by code.
    pub areas: HashMap<String, ResolvedReference>,
    /// The data set's units, by id.
    pub units: HashMap<Uuid, ResolvedReference>,
}

impl Claims {
    /// Returns the area with a code, if the data set contains it.
    pub fn area(&self, code: &str) -> Option<&ResolvedReference> {
        self.areas.get(code)
    }

    /// Returns all units with their ids, in no particular order.
    pub fn units(&self) -> impl Iterator<Item = (Uuid, &ResolvedReference)> {
        self.units.iter().map(|(id, unit)| (*id, unit))
    }

    /// Returns the unit with an id, if the data set contains it.
    pub fn unit(&self, id: Uuid) -> Option<&ResolvedReference> {
        self.units.get(&id)
    }
}
