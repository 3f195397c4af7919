//! What a data set claims of areas and units: what a dry run goes by where they
//! are not on the platform yet.

use std::collections::HashMap;

use uuid::Uuid;
use wangge_resource::Found;

/// Areas by code and units by id.
#[derive(Debug, Default)]
pub struct Claims {
    /// What is claimed of an area, by its code.
    pub areas: HashMap<String, Found>,
    /// What is claimed of a unit, by its id.
    pub units: HashMap<Uuid, Found>,
}

impl Claims {
    /// What is claimed of an area.
    pub fn area(&self, code: &str) -> Option<&Found> {
        self.areas.get(code)
    }

    /// The units, and what is claimed of them.
    pub fn units(&self) -> impl Iterator<Item = (Uuid, &Found)> {
        self.units.iter().map(|(id, unit)| (*id, unit))
    }

    /// What is claimed of a unit.
    pub fn unit(&self, id: Uuid) -> Option<&Found> {
        self.units.get(&id)
    }
}
