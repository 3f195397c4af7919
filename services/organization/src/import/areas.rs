//! The import of areas, which aren't records of the shared kind: their codes are what
//! scopes are made of, and each is checked against the whole tree.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use futures::FutureExt as _;
use wangge_api::{codec, organization::v1 as proto, refusal::Refusal};
use wangge_auth::RecordScope;
use wangge_pg::{Tx, transaction::Failure};
use wangge_record::ResolvedReference;
use wangge_record_api::service::{id, relative_to};
use wangge_record_import::{Outcome, rows::digest};

use super::Load;
use crate::{
    api::areas,
    commands::create_area,
    domain::area::{Area, AreaDraft},
    error,
    store::{area as store, area_tree::lock_tree},
};

/// The area in a row with the digest of the row, or the reason why the row is invalid.
pub(super) type AreaRow = Result<(AreaDraft, String), Refusal>;

/// Reads the area in a row.
pub(super) fn read(area: proto::Area) -> AreaRow {
    codec::check(&area)?;
    let (id, digest) = (id(&area.id, "id")?, digest(&area));
    Ok((areas::draft(area, id)?, digest))
}

impl Load {
    /// Imports areas in one transaction, or validates them in that of the dry run.
    pub(super) async fn load_areas(&mut self, rows: Vec<AreaRow>) -> Result<Vec<Outcome>, Refusal> {
        let parent = |row: &AreaRow| {
            let code = row.as_ref().ok()?.0.parent_code.clone()?;
            let parent = self.known.area(&code)?.clone();
            Some((code, parent))
        };
        let batch = Batch {
            scope: self.scope.clone(),
            is_trial: self.validate_only,
            now: self.app.clock.now(),
            invalid: rows.iter().filter_map(parent).collect(),
        };
        let (outcomes, invalid) = if self.validate_only {
            let trial = self.known.trial();
            let pool = &self.app.database.calls;
            trial
                .attempt(pool, error::CONSTRAINTS, move |tx| {
                    batch.load(tx, rows).boxed()
                })
                .await?
        } else {
            self.app
                .change(move |tx| batch.load(tx, rows).boxed())
                .await?
        };
        for (code, area) in invalid {
            self.known.insert_area(code, area);
        }
        Ok(outcomes)
    }
}

/// Areas that are imported in one transaction.
struct Batch {
    scope: RecordScope,
    is_trial: bool,
    now: DateTime<Utc>,
    /// Areas by code that a dry run has refused. Later rows can refer to them as if they
    /// were valid, so that a fault is reported once and not again for each of those.
    invalid: HashMap<String, ResolvedReference>,
}

impl Batch {
    async fn load(
        mut self,
        tx: &mut Tx,
        rows: Vec<AreaRow>,
    ) -> Result<(Vec<Outcome>, HashMap<String, ResolvedReference>), Failure> {
        if !self.is_trial {
            // Held until the batch commits: without it, two imports could create areas that
            // clash with one another. A dry run commits nothing, and would hold up others.
            lock_tree(tx).await?;
        }
        let mut outcomes = Vec::with_capacity(rows.len());
        for row in &rows {
            let loaded = match row {
                Ok((draft, digest)) => self.load_row(tx, draft.clone(), digest).await,
                Err(refusal) => Err(refusal.clone().into()),
            };
            // Rows are refused before they write anything, so that the transaction can go on
            // with the next row.
            outcomes.push(match loaded {
                Err(Failure::Refused(refusal)) => {
                    self.accept_all_the_same(row);
                    Outcome::Refused(relative_to("area", *refusal))
                }
                loaded if self.is_trial => loaded.map(|_| Outcome::Valid)?,
                loaded => loaded?,
            });
        }
        Ok((outcomes, self.invalid))
    }

    async fn load_row(
        &self,
        tx: &mut Tx,
        draft: AreaDraft,
        digest: &str,
    ) -> Result<Outcome, Failure> {
        let area = draft.check(self.now)?;
        if let Some(outcome) = self.stored(tx, &area, digest).await? {
            return Ok(outcome);
        }
        let parent = area.parent_code.as_ref();
        let invalid = parent.and_then(|code| self.invalid.get(code)).cloned();
        create_area::check(tx, &self.scope, &area, invalid).await?;
        if create_area::save(tx, &self.scope, &area, Some(digest), self.now).await? {
            return Ok(Outcome::Imported(area.id, area.revision));
        }
        // Another import may have committed the very same row since it was looked up.
        let stored = self.stored(tx, &area, digest).await?;
        Ok(stored.ok_or_else(|| Refusal::exists("area", "area.code"))?)
    }

    /// Returns the outcome of a row whose id is in use.
    async fn stored(
        &self,
        tx: &mut Tx,
        area: &Area,
        digest: &str,
    ) -> Result<Option<Outcome>, Failure> {
        let Some(is_from_row) = store::is_from_row(tx, &self.scope, area.id, digest).await? else {
            return Ok(None);
        };
        let kept = store::load_area_by_id(tx, &self.scope, area.id).await?;
        let kept = kept.filter(|kept| {
            // The stored area may have a later revision, and was created earlier.
            let stated = Area {
                created_time: kept.created_time,
                changed_time: kept.changed_time,
                revision: kept.revision,
                ..area.clone()
            };
            is_from_row || *kept == stated
        });
        let kept = kept.ok_or_else(|| Refusal::exists("area", "area.id"))?;
        Ok(Some(Outcome::Unchanged(kept.id, kept.revision)))
    }

    fn accept_all_the_same(&mut self, row: &AreaRow) {
        let Ok((draft, _)) = row else { return };
        let whole = AreaDraft {
            boundary_geojson: None,
            end_date: None,
            name: draft.code.clone(),
            start_date: Some(NaiveDate::MIN),
            ..draft.clone()
        };
        if let (true, Ok(area)) = (self.is_trial, whole.check(self.now)) {
            self.invalid.insert(area.code.clone(), area.resolved());
        }
    }
}
