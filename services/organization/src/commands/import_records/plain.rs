//! Rows of plain records. Consecutive rows of one kind are imported together.

use chrono::{DateTime, Utc};
use wangge_pg::{Tx, transaction::Failure};
use wangge_record_import::{
    import_rows,
    rows::{Outcome, Rows as _},
};

use super::{Draft, Row, Run};
use crate::domain::{
    building::Building, estate::Estate, household::Household, membership::Membership,
    need_tag::NeedTag, resident::Resident, resident_role::ResidentRole, seat::Seat,
};

import_rows! {
    /// A plain record as sent in a row.
    Plain {
        /// An estate of a community.
        Estate,
        /// A building of an estate.
        Building,
        /// A household of a building.
        Household,
        /// A resident of a household.
        Resident,
        /// A need of a resident.
        NeedTag,
        /// A role of a core resident.
        ResidentRole,
        /// A membership of co-governance.
        Membership,
        /// A seat of a big committee.
        Seat,
    }
}

/// Imports rows that are all of one kind.
pub(super) async fn load(
    tx: &mut Tx,
    run: &mut Run,
    rows: &[Row],
    now: DateTime<Utc>,
) -> Result<Vec<Outcome>, Failure> {
    let of = |row: &Row| match row {
        Ok(Draft::Plain(record)) => Some(record.clone()),
        _ => None,
    };
    let records = rows.iter().filter_map(of).collect();
    Plain::load(tx, &mut run.known, records, run.validate_only, now).await
}

/// Returns true if both rows are plain records of one kind.
pub(super) fn go_together(one: &Row, other: &Row) -> bool {
    match (one, other) {
        (Ok(Draft::Plain(one)), Ok(Draft::Plain(other))) => one.is_like(other),
        _ => false,
    }
}
