//! Rows of areas, addresses and published figures.

use chrono::NaiveDate;
use wangge_pg::{Tx, transaction::Failure};

use super::{
    super::{Outcome, Run},
    free,
};
use crate::{
    commands::{create_address, create_area, create_figure},
    domain::{
        address::{Address, AddressDraft},
        area::{Area, AreaDraft},
        figure::{FigureDraft, PublishedFigure},
    },
    events::Origin,
    store,
};

pub(super) async fn area(
    tx: &mut Tx,
    run: &mut Run,
    draft: AreaDraft,
    row: &str,
    origin: Origin,
) -> Result<Outcome, Failure> {
    let area = match draft.clone().check() {
        Ok(area) => area,
        Err(refusal) => {
            if run.validate_only {
                try_all_the_same(run, draft);
            }
            return Err(refusal.into());
        }
    };
    let scope = run.references().scope().clone();
    let kept = store::area::load_area_by_id(tx, &scope, area.id.0).await?;
    let kept = kept.map(|kept| {
        (
            // Revisions are not compared: the stored area may have a later one.
            Area {
                revision: 1,
                ..kept.clone()
            },
            kept.revision,
        )
    });
    let kept = run
        .kept_from(tx, ("area", area.id.0, row), &area, kept)
        .await?;
    if let Some(outcome) = run.known("area.id", area.id.0, &area, kept)? {
        return Ok(outcome);
    }
    if run.validate_only {
        free(store::area::taken_field(tx, &scope, &area).await?, "area")?;
        run.seen.take("area", "area.code", area.code.clone())?;
        // Recorded even if the check fails, so that rows that refer to the area aren't
        // rejected for its fault.
        let checked = try_area(tx, run, &area).await;
        run.references_mut().try_area(&area);
        checked?;
    } else {
        // Held until the batch commits: without it, two imports could create areas that
        // clash with one another.
        store::area_tree::lock_tree(tx).await?;
        create_area::check(tx, run.references_mut(), &area).await?;
        create_area::save(tx, run.references(), &area, origin).await?;
        store::loaded::remember(tx, "area", area.id.0, row).await?;
        run.references_mut().learn_area(&area);
    }
    Ok(run.passed(area.id.0, &area))
}

/// Checks an area against the database and the earlier rows of the stream.
async fn try_area(tx: &mut Tx, run: &mut Run, area: &Area) -> Result<(), Failure> {
    create_area::check(tx, run.references_mut(), area).await?;
    match run.references().tried_clash(area) {
        Some(other) => Err(Area::code_clashes(Some(other)).into()),
        None => Ok(()),
    }
}

/// Accepts an invalid area as if it were valid, so that its fault is reported once and
/// not again for each row that refers to it.
fn try_all_the_same(run: &mut Run, draft: AreaDraft) {
    let whole = AreaDraft {
        boundary_geojson: None,
        end_date: None,
        name: draft.code.clone(),
        start_date: Some(NaiveDate::MIN),
        ..draft
    };
    if let Ok(area) = whole.check() {
        run.references_mut().try_area(&area);
    }
}

pub(super) async fn address(
    tx: &mut Tx,
    run: &mut Run,
    draft: AddressDraft,
    origin: Origin,
) -> Result<Outcome, Failure> {
    let address = draft.check()?;
    let scope = run.references().scope().clone();
    let kept = store::address::load_address(tx, &scope, address.id.0).await?;
    let kept = kept.map(|kept| {
        let revision = kept.revision;
        let same_text = kept.text == address.text;
        let mut kept = Address {
            revision: 1,
            ..kept
        };
        // Two releases may normalize the same text differently.
        if same_text {
            kept.normalized_text.clone_from(&address.normalized_text);
        }
        (kept, revision)
    });
    if let Some(outcome) = run.known("address.id", address.id.0, &address, kept)? {
        return Ok(outcome);
    }
    let home = create_address::check(tx, run.references_mut(), &address).await?;
    if run.validate_only {
        free(
            store::address::taken_field(tx, &scope, &address, &home).await?,
            "address",
        )?;
        // Texts are unique within a home, not within the area of the entry.
        let words = format!("{home} {}", address.normalized_text);
        run.seen.take("address", "address.text", words)?;
    } else {
        create_address::save(tx, run.references(), &address, &home, origin).await?;
    }
    Ok(run.passed(address.id.0, &address))
}

pub(super) async fn figure(
    tx: &mut Tx,
    run: &mut Run,
    draft: FigureDraft,
    origin: Origin,
) -> Result<Outcome, Failure> {
    let figure = draft.check()?;
    let scope = run.references().scope().clone();
    let kept = store::figure::load_figure(tx, &scope, figure.id.0).await?;
    let kept = kept.map(|kept| {
        // Revisions are not compared: the stored figure may have a later one.
        (
            PublishedFigure {
                revision: 1,
                ..kept.clone()
            },
            kept.revision,
        )
    });
    if let Some(outcome) = run.known("published_figure.id", figure.id.0, &figure, kept)? {
        return Ok(outcome);
    }
    create_figure::check(tx, run.references_mut(), &figure).await?;
    if run.validate_only {
        // An area publishes each figure once.
        let key = format!("{} {}", figure.area_code, figure.figure_key);
        free(
            store::figure::taken_field(tx, &scope, &figure).await?,
            "published_figure",
        )?;
        run.seen
            .take("published_figure", "published_figure.figure_key", key)?;
    } else {
        create_figure::save(tx, run.references(), &figure, origin).await?;
    }
    Ok(run.passed(figure.id.0, &figure))
}
