//! Rules between an area and the rest of the tree: no code outside its subtree begins
//! with its code, and its boundary is within its parent's.

use chrono::NaiveDate;
use wangge_api::refusal::Refusal;
use wangge_auth::RecordScope;
use wangge_pg::{Tx, transaction::Failure};
use wangge_places::{boundary, plane};

use crate::{
    domain::area::{Area, BOUNDARY_TOLERANCE},
    store::area_tree as store,
};

/// Checks that a new area's code clashes with no code outside its ancestors.
///
/// # Errors
/// `FIELD_INVALID` on `area.code`.
pub async fn check_code(tx: &mut Tx, scope: &RecordScope, area: &Area) -> Result<(), Failure> {
    match store::find_clash(tx, scope, area).await? {
        Some(code) => {
            // The clash may be with an area outside the caller's scope, whose code must not
            // be revealed.
            let seen = Some(code.as_str()).filter(|code| scope.covers(code));
            Err(Area::code_clashes(seen).into())
        }
        None => Ok(()),
    }
}

/// Checks that an area's boundary is within that of its nearest ancestor that has one.
///
/// # Errors
/// `FIELD_INVALID` on `area.boundary_geojson`.
pub async fn check_within(tx: &mut Tx, scope: &RecordScope, area: &Area) -> Result<(), Failure> {
    let Some(inner) = area.boundary_geojson.clone() else {
        return Ok(());
    };
    let around = store::load_bounded_around(tx, scope, &area.code).await?;
    let Some((code, outer)) = around else {
        return Ok(());
    };
    let strays = move || outside(&outer, vec![(String::new(), inner)]);
    match on_the_side(strays).await?.is_some() {
        true => Err(Area::outside(&code).into()),
        false => Ok(()),
    }
}

/// Checks that an area's boundary contains those of its nearest descendants that have
/// one and don't end by a day.
///
/// # Errors
/// `FIELD_INVALID` on `area.boundary_geojson`.
pub async fn check_around(
    tx: &mut Tx,
    scope: &RecordScope,
    area: &Area,
    day: NaiveDate,
) -> Result<(), Failure> {
    let Some(outer) = area.boundary_geojson.clone() else {
        return Ok(());
    };
    let inside = store::list_bounded_inside(tx, scope, &area.code, day).await?;
    match on_the_side(move || outside(&outer, inside)).await? {
        Some(code) => Err(Area::leaves_out(&code).into()),
        None => Ok(()),
    }
}

/// Returns the first area whose boundary isn't within `outer`. A boundary that can't be
/// parsed, stored before boundaries were validated, restricts nothing.
fn outside(outer: &str, inside: Vec<(String, String)>) -> Option<String> {
    let outer = boundary::read(outer).ok()?;
    let strays = |(_, inner): &(String, String)| {
        boundary::read(inner)
            .is_ok_and(|inner| !plane::lies_within(&inner, &outer, BOUNDARY_TOLERANCE))
    };
    inside.into_iter().find(strays).map(|(code, _)| code)
}

/// Runs CPU-bound geometry on the blocking pool, off the runtime's worker threads.
async fn on_the_side<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(|error| Refusal::internal(&error))?)
}
