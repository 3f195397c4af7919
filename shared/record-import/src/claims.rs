//! Reads the areas and units of a data set. A dry run checks references against them
//! where they aren't on the platform yet. It validates single rows only, not whether
//! the data set is consistent.

use uuid::Uuid;
use wangge_api::{
    codec, date,
    organization::v1::{Area, ImportDataset, Unit},
    refusal::{Refusal, Rule},
    types::v1::Date,
};
use wangge_auth::RecordScope;

use wangge_record::{Days, ResolvedReference};
use wangge_record_store::Claims;

/// Reads the areas and units of a data set. Areas outside of `scope` are left out, as
/// if they didn't exist. Units are not: records may refer to units of any area.
///
/// # Errors
/// Returns `FIELD_INVALID`, naming the area or unit and its field.
pub fn read_claims(dataset: &ImportDataset, scope: &RecordScope) -> Result<Claims, Refusal> {
    let mut claims = Claims::default();
    for (area, number) in dataset.areas.iter().zip(0..) {
        let found = claimed_area(area).map_err(|refusal| within("areas", number, refusal))?;
        if scope.covers(&area.code) {
            claims.areas.insert(area.code.clone(), found);
        }
    }
    for (unit, number) in dataset.units.iter().zip(0..) {
        let (id, found) = claimed_unit(unit).map_err(|refusal| within("units", number, refusal))?;
        claims.units.insert(id, found);
    }
    Ok(claims)
}

fn claimed_area(area: &Area) -> Result<ResolvedReference, Refusal> {
    // A dry run must not accept references to areas that are invalid themselves.
    codec::check(area)?;
    id(&area.id)?;
    if area.code.is_empty() {
        return Err(missing("code"));
    }
    Ok(ResolvedReference {
        kind: kind(area.kind)?,
        days: days(area.start_date.as_ref(), area.end_date.as_ref())?,
        ..ResolvedReference::plain(area.code.clone())
    })
}

fn claimed_unit(unit: &Unit) -> Result<(Uuid, ResolvedReference), Refusal> {
    codec::check(unit)?;
    let found = ResolvedReference {
        kind: kind(unit.kind)?,
        days: days(unit.start_date.as_ref(), unit.end_date.as_ref())?,
        ..ResolvedReference::plain(unit.area_code.clone())
    };
    Ok((id(&unit.id)?, found))
}

fn missing(field: &str) -> Refusal {
    Refusal::field(field, Rule::Required, "is required")
}

fn id(text: &str) -> Result<Uuid, Refusal> {
    Uuid::parse_str(text).map_err(|_| missing("id"))
}

fn kind(number: i32) -> Result<i16, Refusal> {
    let kind = i16::try_from(number).ok().filter(|kind| *kind > 0);
    kind.ok_or_else(|| missing("kind"))
}

fn days(start_date: Option<&Date>, end_date: Option<&Date>) -> Result<Days, Refusal> {
    Ok(Days {
        start_date: Some(date::required(start_date, "start_date")?),
        end_date: date::optional(end_date, "end_date")?,
    })
}

/// Adds the path of a row to the fields in its refusal.
fn within(list: &str, number: usize, mut refusal: Refusal) -> Refusal {
    for violation in &mut refusal.fields {
        let path = format!("dataset.{list}[{number}].{}", violation.field);
        refusal.message = refusal.message.replacen(&violation.field, &path, 1);
        violation.field = path;
    }
    refusal
}
