//! Lists of tickets, newest report first. A page reads about as many rows as it
//! returns, regardless of the number of tickets: every kind of list has an index in
//! list order. For each requested state, the first rows are read from the index, and
//! the results are merged; without a filter, all states are requested.
//!
//! Area codes are prefixes of the codes inside them, so a list of an area uses the
//! index on the longest of [`LENGTHS`] that the area's code has: the lengths of
//! districts, streets, communities and grids. Rows with that prefix outside the area
//! are skipped.
//!
//! Tickets by holder are in `ticket_holding`, which triggers maintain.

use std::{cmp::Reverse, collections::HashSet};

use chrono::{DateTime, Utc};
use sqlx::types::Json;
use uuid::Uuid;
use wangge_auth::RecordScope;
use wangge_kernel::area_code::upper_bound;
use wangge_pg::{Lanes, StoreError};

use super::ticket::whole;
use crate::domain::{order::Order, ticket::Ticket, ticket_state::TicketState};

/// Lengths of the code prefixes that have an index, longest first.
const LENGTHS: [usize; 4] = [15, 12, 9, 6];

/// Filter and paging of a list of tickets.
#[derive(Debug)]
pub struct Filter {
    /// The tickets that the caller can access.
    pub scope: RecordScope,
    /// Only tickets within this area, regardless of their holder; empty for all.
    pub within: String,
    /// Only tickets in one of these states; empty for all.
    pub states: Vec<i16>,
    /// Only tickets on which this unit holds a live order.
    pub unit_id: Option<Uuid>,
    /// Only tickets that are not in a grid yet.
    pub only_unrouted: bool,
    /// Only tickets after this one in the list: its report's time and its id.
    pub after: Option<(DateTime<Utc>, Uuid)>,
    /// Maximum number of tickets to return.
    pub limit: i64,
}

/// Returns a page of tickets.
///
/// # Errors
/// Returns any database error.
pub async fn list_tickets(lanes: &Lanes, filter: &Filter) -> Result<Vec<Ticket>, StoreError> {
    let mut tickets = match filter.unit_id {
        Some(unit_id) => by_holder(lanes, filter, unit_id).await?,
        None => {
            let mut tickets = by_area(lanes, filter).await?;
            // Two statements, because no single index has the tickets of an area and
            // those of a holder in list order.
            if let Some(unit_id) = filter.scope.holder() {
                tickets.extend(by_holder(lanes, filter, unit_id).await?);
            }
            tickets
        }
    };
    // A ticket can be in the caller's area and held by its unit as well.
    let mut known = HashSet::new();
    tickets.retain(|ticket| known.insert(ticket.id));
    tickets.sort_by_key(|ticket| Reverse((ticket.reported_time, ticket.id)));
    tickets.truncate(usize::try_from(filter.limit).unwrap_or(usize::MAX));
    Ok(tickets)
}

impl Filter {
    /// Returns the requested states without duplicates.
    fn states(&self) -> Vec<i16> {
        let all = TicketState::ALL.iter().map(|state| state.code());
        all.filter(|state| self.states.is_empty() || self.states.contains(state))
            .collect()
    }

    /// Returns the requested values of `routed`.
    fn routed(&self) -> &'static [bool] {
        // Both values instead of no condition: the column comes before the sort order in
        // the indexes, so it needs a value.
        if self.only_unrouted {
            &[false]
        } else {
            &[false, true]
        }
    }
}

/// Returns the longest of some lengths that a code has, or 0 for none.
fn length_of(code: &str, lengths: &[usize]) -> usize {
    let mut lengths = lengths.iter();
    let fits = lengths.find(|length| code.is_char_boundary(**length) && code.len() >= **length);
    fits.copied().unwrap_or_default()
}

/// Runs the statement for the tickets of an area. Its first parameter is the prefix of
/// the area's code that has an index.
macro_rules! area_statement {
    ($lanes:ident, $filter:ident, $code:ident, $length:expr, $is_there:literal) => {{
        // A macro, because `sqlx::query!` needs a literal, and PostgreSQL only matches the
        // index expression `left(area_code, 15)` with a constant length.
        let (after_time, after_id) = $filter.after.unzip();
        let rows = $lanes
            .take()
            .await?
            .run(async |lane| {
                sqlx::query!(
                    "select row_to_json(ticket) as \"ticket!: Json<Ticket>\", \
                         coalesce((select line.action_time from ticket_history line \
                             where line.ticket_id = ticket.id and line.revision = ticket.revision), \
                             ticket.reported_time) as \"changed_time!\", \
                         (select json_agg(o order by o.place) from ticket_order o where o.ticket_id = ticket.id) \
                             as \"orders: Json<Vec<Order>>\" \
                     from (select unnest((array_agg(found.id order by found.reported_time desc, found.id desc)) \
                             [:$8::bigint::integer]) as id \
                         from unnest($4::boolean[]) as one (routed) \
                         cross join unnest($5::smallint[]) as other (state) \
                         cross join lateral (select id, reported_time from ticket \
                             where " + $is_there + " and area_code >= $2 and area_code < $3 \
                             and ticket.routed = one.routed and ticket.state = other.state \
                             and ($6::timestamptz is null or (reported_time, id) < ($6, $7::uuid)) \
                             order by reported_time desc, id desc limit $8) as found) as page \
                     join ticket on ticket.id = page.id",
                    &$code[..$length],
                    $code,
                    upper_bound($code),
                    $filter.routed(),
                    &$filter.states(),
                    after_time,
                    after_id,
                    $filter.limit,
                )
                .fetch_all(lane)
                .await
            })
            .await?;
        rows.into_iter().map(|row| whole(row.ticket, row.changed_time, row.orders)).collect()
    }};
}

/// Lists the tickets in the caller's area.
async fn by_area(lanes: &Lanes, filter: &Filter) -> Result<Vec<Ticket>, StoreError> {
    let scope = filter.scope.within(&filter.within);
    let Some(code) = scope.own_area() else {
        return Ok(Vec::new());
    };
    Ok(match length_of(code, &LENGTHS) {
        15 => area_statement!(lanes, filter, code, 15, "left(area_code, 15) = $1"),
        12 => area_statement!(lanes, filter, code, 12, "left(area_code, 12) = $1"),
        9 => area_statement!(lanes, filter, code, 9, "left(area_code, 9) = $1"),
        6 => area_statement!(lanes, filter, code, 6, "left(area_code, 6) = $1"),
        _ => area_statement!(lanes, filter, code, 0, "$1::text is not null"),
    })
}

/// Like [`area_statement!`], for tickets that a unit holds. If a unit lists its own
/// (`$9 = $12`), its orders aren't checked a second time: PostgreSQL would fetch all
/// orders that it holds for that.
macro_rules! holder_statement {
    ($lanes:ident, $filter:ident, $unit:ident, $code:ident, $length:expr, $is_there:literal) => {{
        // `ticket_holding` provides the order of the list. Access is decided by the live
        // orders in `ticket_order`.
        let (after_time, after_id) = $filter.after.unzip();
        let rows = $lanes
            .take()
            .await?
            .run(async |lane| {
                sqlx::query!(
                    "select row_to_json(ticket) as \"ticket!: Json<Ticket>\", \
                         coalesce((select line.action_time from ticket_history line \
                             where line.ticket_id = ticket.id and line.revision = ticket.revision), \
                             ticket.reported_time) as \"changed_time!\", \
                         (select json_agg(o order by o.place) from ticket_order o where o.ticket_id = ticket.id) \
                             as \"orders: Json<Vec<Order>>\" \
                     from (select unnest((array_agg(found.ticket_id order by found.reported_time desc, \
                             found.ticket_id desc))[:$8::bigint::integer]) as id \
                         from unnest($4::boolean[]) as one (routed) \
                         cross join unnest($5::smallint[]) as other (state) \
                         cross join lateral (select held.ticket_id, held.reported_time from ticket_holding held \
                             where held.unit_id = $9 and " + $is_there + " \
                             and held.area_code >= $2 and held.area_code < $3 \
                             and held.routed = one.routed and held.state = other.state \
                             and ($6::timestamptz is null or (held.reported_time, held.ticket_id) < ($6, $7::uuid)) \
                             and exists (select from ticket_order o \
                                 where o.unit_id = $9 and o.ticket_id = held.ticket_id and o.state <= 5) \
                             and (held.area_code >= $10 and held.area_code < $11 or $9 = $12 \
                                 or exists (select from ticket_order o where o.unit_id = $12 \
                                     and o.ticket_id = held.ticket_id and o.state <= 5)) \
                             order by held.reported_time desc, held.ticket_id desc limit $8) as found) as page \
                     join ticket on ticket.id = page.id",
                    &$code[..$length],
                    $code,
                    upper_bound($code),
                    $filter.routed(),
                    &$filter.states(),
                    after_time,
                    after_id,
                    $filter.limit,
                    $unit,
                    $filter.scope.area_from(),
                    $filter.scope.area_until(),
                    $filter.scope.holder(),
                )
                .fetch_all(lane)
                .await
            })
            .await?;
        rows.into_iter().map(|row| whole(row.ticket, row.changed_time, row.orders)).collect()
    }};
}

/// Lists the tickets on which a unit holds a live order and that the caller can
/// access.
async fn by_holder(
    lanes: &Lanes,
    filter: &Filter,
    unit_id: Uuid,
) -> Result<Vec<Ticket>, StoreError> {
    // A caller with access by area only sees nothing outside that area.
    let narrowed = filter.scope.within(&filter.within);
    let code = match (narrowed.own_area(), filter.scope.holder()) {
        (Some(area), None) => area,
        (None, None) => return Ok(Vec::new()),
        _ => filter.within.as_str(),
    };
    Ok(match length_of(code, &LENGTHS) {
        15 => holder_statement!(
            lanes,
            filter,
            unit_id,
            code,
            15,
            "left(held.area_code, 15) = $1"
        ),
        12 => holder_statement!(
            lanes,
            filter,
            unit_id,
            code,
            12,
            "left(held.area_code, 12) = $1"
        ),
        9 => holder_statement!(
            lanes,
            filter,
            unit_id,
            code,
            9,
            "left(held.area_code, 9) = $1"
        ),
        6 => holder_statement!(
            lanes,
            filter,
            unit_id,
            code,
            6,
            "left(held.area_code, 6) = $1"
        ),
        _ => holder_statement!(lanes, filter, unit_id, code, 0, "$1::text is not null"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_area_is_listed_by_the_longest_prefix_that_has_an_index() {
        let length = |code| length_of(code, &LENGTHS);
        assert_eq!([length(""), length("32"), length("320402")], [0, 0, 6]);
        assert_eq!([length("32040200300"), length("320402003005001")], [9, 15]);
        assert_eq!(length("320402003005001001"), 15);
    }
}
