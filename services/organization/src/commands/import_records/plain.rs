//! Rows of plain records: those of one kind that stand together are loaded
//! together.

use std::mem::discriminant;

use chrono::{DateTime, Utc};
use wangge_pg::{Tx, transaction::Failure};
use wangge_records::load::{self, Outcome};

use super::{Draft, Row, Run};
use crate::domain::{
    building::Building, estate::Estate, household::Household, membership::Membership,
    need_tag::NeedTag, resident::Resident, resident_role::ResidentRole, seat::Seat,
};

macro_rules! plain {
    ($($(#[$doc:meta])* $kind:ident),+ $(,)?) => {
        /// A plain record as a row brings it.
        #[derive(Debug, Clone)]
        pub enum Plain { $($(#[$doc])* $kind($kind)),+ }

        $(impl From<$kind> for Draft {
            fn from(record: $kind) -> Self {
                Self::Plain(Plain::$kind(record))
            }
        })+

        /// Loads rows of one kind.
        pub(super) async fn load(
            tx: &mut Tx,
            run: &mut Run,
            rows: &[Row],
            now: DateTime<Utc>,
        ) -> Result<Vec<Outcome>, Failure> {
            match rows.first() {
                $(Some(Ok(Draft::Plain(Plain::$kind(_)))) => {
                    let of = |row: &Row| match row {
                        Ok(Draft::Plain(Plain::$kind(record))) => Some(Ok(record.clone())),
                        _ => None,
                    };
                    let records = rows.iter().filter_map(of).collect();
                    load::load::<_, $kind>(tx, &mut run.known, records, run.validate_only, now).await
                })+
                _ => Ok(Vec::new()),
            }
        }
    };
}

plain! {
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

/// Whether two rows are plain records of one kind.
pub(super) fn go_together(one: &Row, other: &Row) -> bool {
    match (one, other) {
        (Ok(Draft::Plain(one)), Ok(Draft::Plain(other))) => {
            discriminant(one) == discriminant(other)
        }
        _ => false,
    }
}
