//! Rows of plain records: those of one kind that stand together are loaded
//! together.

use chrono::{DateTime, Utc};
use wangge_pg::{Tx, transaction::Failure};
use wangge_resource_import::{
    import_rows,
    rows::{Outcome, Rows as _},
};

use super::{Draft, Row, Run};
use crate::domain::{
    building::Building, estate::Estate, household::Household, membership::Membership,
    need_tag::NeedTag, resident::Resident, resident_role::ResidentRole, seat::Seat,
};

import_rows! {
    /// A plain record as a row brings it.
    Plain {
        /// An estate.
        Estate,
        /// A building.
        Building,
        /// A household.
        Household,
        /// A resident.
        Resident,
        /// A need tag.
        NeedTag,
        /// A role of a core resident.
        ResidentRole,
        /// A membership of co-governance.
        Membership,
        /// A seat of a big committee.
        Seat,
    }
}

/// Loads rows of one kind.
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

/// Whether two rows are plain records of one kind.
pub(super) fn go_together(one: &Row, other: &Row) -> bool {
    match (one, other) {
        (Ok(Draft::Plain(one)), Ok(Draft::Plain(other))) => one.is_like(other),
        _ => false,
    }
}
