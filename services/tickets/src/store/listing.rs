//! Lists tickets, newest report first. The cost of a page depends on its size and not on
//! the number of tickets: each kind of list has an index that holds its tickets in order.
//! The newest few tickets of each requested state are read from the index and merged; no
//! filter on states means all of them.
//!
//! Area codes are prefixes of the codes within them, so a list of an area uses the index
//! on the longest of [`LENGTHS`] that the area's code has; these are the code lengths of
//! districts, streets, communities and grids. Tickets with that prefix that are outside
//! the area are filtered out.
//!
//! The table `ticket_holding`, which triggers maintain, lists tickets by holder.

use std::{cmp::Reverse, collections::HashSet};

use chrono::{DateTime, Utc};
use sqlx::types::Json;
use uuid::Uuid;
use wangge_auth::RecordScope;
use wangge_kernel::area_code::upper_bound;
use wangge_pg::{Lanes, StoreError};

use super::ticket::whole;
use crate::domain::{order::Order, ticket::Ticket, ticket_state::TicketState};

/// Lengths of code prefixes that tickets are indexed by, the longest first.
const LENGTHS: [usize; 4] = [15, 12, 9, 6];

/// Filter and position of a list of tickets.
#[derive(Debug)]
pub struct Filter {
    /// Scope that the caller can read.
    pub scope: RecordScope,
    /// Only tickets within this area, whoever holds them; empty for all.
    pub within: String,
    /// Only tickets in one of these states; empty for all.
    pub states: Vec<i16>,
    /// Only tickets that this unit holds a live order on.
    pub unit_id: Option<Uuid>,
    /// Only tickets that are not in a grid yet.
    pub only_unrouted: bool,
    /// Only tickets after this one in the list: its report time and id.
    pub after: Option<(DateTime<Utc>, Uuid)>,
    /// Maximum number of tickets to return.
    pub limit: i64,
}

/// Lists tickets that match a filter.
///
/// # Errors
/// Returns an error if a statement fails.
pub async fn list_tickets(lanes: &Lanes, filter: &Filter) -> Result<Vec<Ticket>, StoreError> {
    let mut tickets = match filter.unit_id {
        Some(unit_id) => by_holder(lanes, filter, unit_id).await?,
        None => {
            // Two statements and not one with `or`: PostgreSQL couldn't use an index in order for
            // both conditions.
            let mut tickets = by_area(lanes, filter).await?;
            if let Some(unit_id) = filter.scope.holder() {
                tickets.extend(by_holder(lanes, filter, unit_id).await?);
            }
            tickets
        }
    };
    // A ticket may be in the caller's area and held by its unit as well.
    let mut known = HashSet::new();
    tickets.retain(|ticket| known.insert(ticket.id));
    tickets.sort_by_key(|ticket| Reverse((ticket.reported_time, ticket.id)));
    tickets.truncate(usize::try_from(filter.limit).unwrap_or(usize::MAX));
    Ok(tickets)
}

impl Filter {
    /// Returns the requested states, each once.
    fn states(&self) -> Vec<i16> {
        // Every state and not "any": the index is ordered only within a state.
        let all = TicketState::ALL.iter().map(|state| state.code());
        all.filter(|state| self.states.is_empty() || self.states.contains(state))
            .collect()
    }

    /// Returns the requested values of `routed`.
    fn routed(&self) -> &'static [bool] {
        if self.only_unrouted {
            &[false]
        } else {
            &[false, true]
        }
    }
}

/// Returns the longest of some lengths that a code has; 0 for none.
fn length_of(code: &str, lengths: &[usize]) -> usize {
    let mut lengths = lengths.iter();
    let fits = lengths.find(|length| code.is_char_boundary(**length) && code.len() >= **length);
    fits.copied().unwrap_or_default()
}

/// Selects tickets of an area. The first parameter is the prefix of the area's code that
/// has an index. The condition on it must repeat the index expression literally, or
/// PostgreSQL doesn't match it.
macro_rules! area_statement {
    ($lanes:ident, $filter:ident, $code:ident, $length:expr, $is_there:literal) => {{
        let (after_time, after_id) = $filter.after.unzip();
        let rows = $lanes
            .take()
            .await?
            .run(async |lane| {
                sqlx::query!(
                    "select row_to_json(ticket) as \"ticket!: Json<Ticket>\", \
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
        rows.into_iter().map(|row| whole(row.ticket, row.orders)).collect()
    }};
}

/// Lists tickets in the caller's area.
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

/// Like [`area_statement!`], for tickets that a unit holds. If a unit lists its own tickets
/// (`$9 = $12`), its orders aren't checked a second time: PostgreSQL would collect all of
/// them first.
macro_rules! holder_statement {
    ($lanes:ident, $filter:ident, $unit:ident, $code:ident, $length:expr, $is_there:literal) => {{
        let (after_time, after_id) = $filter.after.unzip();
        let rows = $lanes
            .take()
            .await?
            .run(async |lane| {
                sqlx::query!(
                    "select row_to_json(ticket) as \"ticket!: Json<Ticket>\", \
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
        rows.into_iter().map(|row| whole(row.ticket, row.orders)).collect()
    }};
}

/// Lists tickets that a unit holds a live order on and that the caller can see.
async fn by_holder(
    lanes: &Lanes,
    filter: &Filter,
    unit_id: Uuid,
) -> Result<Vec<Ticket>, StoreError> {
    // A caller with an area and no unit sees nothing outside that area, so the list is
    // narrowed to it. One that holds orders may see tickets anywhere.
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
