//! Maps violated foreign keys to the request field that caused them. Commands look
//! up references before they write and inserts report duplicate ids, codes and keys,
//! so these constraints only catch what a command has missed.

use wangge_pg::{Constraint, error::Rule};

/// The named constraints that a call can violate.
pub const CONSTRAINTS: &[Constraint] = &[
    reference("area_parent_code_fkey", "area", "area.parent_code"),
    reference("address_area_code_fkey", "area", "address.area_code"),
    reference("unit_parent_id_fkey", "unit", "unit.parent_id"),
    reference("unit_area_code_fkey", "area", "unit.area_code"),
    reference("person_area_code_fkey", "area", "person.area_code"),
    reference(
        "appointment_person_id_fkey",
        "person",
        "appointment.person_id",
    ),
    reference("appointment_unit_id_fkey", "unit", "appointment.unit_id"),
    reference(
        "appointment_area_code_fkey",
        "area",
        "appointment.area_code",
    ),
    reference(
        "published_figure_area_code_fkey",
        "area",
        "published_figure.area_code",
    ),
];

const fn reference(name: &'static str, kind: &'static str, field: &'static str) -> Constraint {
    Constraint {
        name,
        kind,
        field,
        rule: Rule::Reference,
    }
}
