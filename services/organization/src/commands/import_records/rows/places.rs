//! Rows of areas, addresses and published figures.

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
    origin: Origin,
) -> Result<Outcome, Failure> {
    let area = draft.check()?;
    let scope = run.references().scope().clone();
    let kept = store::area::load_area_by_id(tx, &scope, area.id.0).await?;
    let kept = kept.map(|kept| {
        (
            Area {
                revision: 1,
                ..kept.clone()
            },
            kept.revision,
        )
    });
    if let Some(outcome) = run.known("area.id", area.id.0, &area, kept)? {
        return Ok(outcome);
    }
    create_area::check(tx, run.references_mut(), &area).await?;
    if run.validate_only {
        free(store::area::taken_field(tx, &scope, &area).await?, "area")?;
        run.seen.take("area", "area.code", area.code.clone())?;
    } else {
        create_area::save(tx, run.references(), &area, origin).await?;
    }
    run.references_mut().learn_area(&area.code, area.kind);
    Ok(run.passed(area.id.0, &area))
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
        (
            Address {
                revision: 1,
                ..kept.clone()
            },
            kept.revision,
        )
    });
    if let Some(outcome) = run.known("address.id", address.id.0, &address, kept)? {
        return Ok(outcome);
    }
    create_address::check(tx, run.references_mut(), &address).await?;
    if run.validate_only {
        free(
            store::address::taken_field(tx, &scope, &address).await?,
            "address",
        )?;
        run.seen
            .take("address", "address.text", address.normalized_text.clone())?;
    } else {
        create_address::save(tx, run.references(), &address, origin).await?;
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
