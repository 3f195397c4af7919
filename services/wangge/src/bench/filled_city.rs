//! A city of any size for benchmarks: tickets with orders and histories in an invented
//! district of 2,000 grids. A ticket only depends on its number, so that a city of any size
//! starts with the same tickets. Pure: writes lines for `COPY` and doesn't access a database.
//!
//! Half of the tickets are spread evenly over the grids, half are concentrated in a few. Rare
//! ones are among the first tickets, which are the oldest: the worst case for a list that
//! reads the newest tickets until its page is full, and worse the larger the city.

use std::fmt::Write as _;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

/// Code of the invented district.
pub(crate) const DISTRICT: &str = "999901";
/// Number of grids in the district.
const GRIDS: u64 = 2000;
/// Number of the grid with few tickets.
const SMALL_GRID: u64 = GRIDS - 1;
/// Number of units that hold many orders; one more holds few.
const UNITS: u64 = 50;
/// Size of the small city; the rare tickets are among its tickets.
pub(crate) const FIRST: u64 = 10_000;

/// States of tickets and orders by number, as in the contract.
const REPORTED: u8 = 1;
const PENDING_DISPATCH: u8 = 3;
const PENDING_ACCEPTANCE: u8 = 4;
/// The most common state of open tickets.
pub(crate) const HANDLING: u8 = 5;
/// The rare state.
pub(crate) const PENDING_CHECK: u8 = 7;
const CLOSED: u8 = 8;

/// The actions that lead to each state, by number.
const COURSE: [(u8, u8); 7] = [
    (1, REPORTED),
    (2, PENDING_DISPATCH),
    (4, PENDING_ACCEPTANCE),
    (5, HANDLING),
    (7, 6),
    (12, PENDING_CHECK),
    (14, CLOSED),
];

/// Returns the code of the grid with few tickets.
pub(crate) fn small_grid() -> String {
    grid_code(SMALL_GRID)
}

/// Returns the code of the community with the most tickets.
pub(crate) fn busy_community() -> String {
    grid_code(0)[..12].to_owned()
}

/// Returns the id of a unit with many orders.
pub(crate) fn busy_unit() -> Uuid {
    unit(0)
}

/// Returns the id of the unit with few orders.
pub(crate) fn small_unit() -> Uuid {
    unit(UNITS)
}

fn grid_code(grid: u64) -> String {
    let (street, community, number) = (grid / 200 + 1, grid / 10 % 20 + 1, grid % 10 + 1);
    format!("{DISTRICT}{street:03}{community:03}{number:03}")
}

fn unit(number: u64) -> Uuid {
    Uuid::from_u128(0x9999_0000_0000_4000_8000_0000_0000_0000 + u128::from(number))
}

/// Lines for `COPY`, per table.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    pub tickets: String,
    pub orders: String,
    pub history: String,
}

/// Columns of the lines, in order.
pub(crate) const TICKET_COLUMNS: &str = "id, source, category_code, title, description, address, \
    area_code, routed, state, reported_time, ended_time, rework_count, escalation_level, clocks, \
    imported, revision";
pub(crate) const ORDER_COLUMNS: &str =
    "id, ticket_id, place, unit_id, role, state, issued_time, accepted_time, result";
pub(crate) const HISTORY_COLUMNS: &str =
    "ticket_id, revision, action, to_state, action_time, actor, reason";

/// The attributes of a ticket, derived from its number.
#[derive(Debug, PartialEq, Eq)]
struct Filled {
    area_code: String,
    routed: bool,
    state: u8,
    unit: Option<Uuid>,
}

fn filled(number: u64) -> Filled {
    let chance = mixed(number);
    let rare = |among: u64, rest: u64| number < FIRST && number % among == rest;
    let grid = if rare(2000, 7) {
        SMALL_GRID
    } else if number.is_multiple_of(2) {
        number / 2 % SMALL_GRID
    } else {
        // The cube of an even distribution: half of these are in an eighth of the grids.
        let part = chance % 1000;
        part * part * part * SMALL_GRID / 1_000_000_000
    };
    let state = match chance / 1000 % 100 {
        _ if rare(500, 3) => PENDING_CHECK,
        0..2 => REPORTED,
        2 => PENDING_DISPATCH,
        3 => PENDING_ACCEPTANCE,
        4..8 => HANDLING,
        _ => CLOSED,
    };
    let routed = !rare(250, 5);
    let code = grid_code(grid);
    let unit = if rare(3000, 2001) {
        Some(small_unit())
    } else {
        (state >= PENDING_ACCEPTANCE).then(|| unit(chance / 100_000 % UNITS))
    };
    Filled {
        area_code: if routed { code } else { code[..12].to_owned() },
        routed,
        // A ticket with an order must be in a state after its dispatch.
        state: if unit.is_some() {
            state.max(PENDING_ACCEPTANCE)
        } else {
            state
        },
        unit,
    }
}

/// Returns a pseudo-random number that depends only on the ticket's number (SplitMix64).
fn mixed(number: u64) -> u64 {
    let mut bits = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

impl Lines {
    /// Adds a ticket with its orders and history. `clocks` is JSON without tabs, newlines and
    /// backslashes, which `COPY` would interpret.
    pub(crate) fn add(&mut self, number: u64, category: &str, clocks: &str) {
        let ticket = filled(number);
        let id = Uuid::from_u128(0x9999_0000_0000_7000_8000_0000_0000_0000 + u128::from(number));
        let reported = FIRST_REPORT + TimeDelta::minutes(number.cast_signed());
        let course = COURSE.iter().filter(|(_, state)| *state <= ticket.state);
        let steps = course.clone().count();
        let ended = if ticket.state == CLOSED {
            time(reported + TimeDelta::hours(30))
        } else {
            NULL.to_owned()
        };
        // Writing to a `String` can't fail.
        let _ = writeln!(
            self.tickets,
            "{id}\t2\t{category}\t楼道堆物影响通行\t三楼至四楼楼道堆放旧家具和纸箱，请安排人员清理。\t{}幢{}单元\t{}\t{}\t{}\t{}\t{ended}\t0\t0\t{clocks}\tf\t{steps}",
            number % 20 + 1,
            number % 3 + 1,
            ticket.area_code,
            if ticket.routed { 't' } else { 'f' },
            ticket.state,
            time(reported),
        );
        if let Some(unit) = ticket.unit {
            let (state, accepted) = match ticket.state {
                PENDING_ACCEPTANCE => (1, NULL.to_owned()),
                HANDLING => (2, time(reported + TimeDelta::hours(2))),
                _ => (5, time(reported + TimeDelta::hours(2))),
            };
            let order = Uuid::from_u128(id.as_u128() ^ (1 << 64));
            let _ = writeln!(
                self.orders,
                "{order}\t{id}\t1\t{unit}\t1\t{state}\t{}\t{accepted}\t",
                time(reported + TimeDelta::hours(1)),
            );
        }
        for (line, (action, state)) in (1..).zip(course) {
            let _ = writeln!(
                self.history,
                "{id}\t{line}\t{action}\t{state}\t{}\twangge-bench\t",
                time(reported + TimeDelta::hours(line)),
            );
        }
    }
}

/// `COPY`'s notation for NULL.
const NULL: &str = "\\N";
/// Time of the first report; each ticket is reported a minute after the one before.
const FIRST_REPORT: DateTime<Utc> = DateTime::from_timestamp_nanos(1_577_836_800_000_000_000);

fn time(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn what_is_rare_lies_among_the_first_tickets_and_is_no_more_in_a_larger_city() {
        let count = |until: u64, holds: fn(&Filled) -> bool| {
            (0..until).filter(|number| holds(&filled(*number))).count()
        };
        for until in [FIRST, 5 * FIRST] {
            assert_eq!(count(until, |ticket| ticket.area_code == small_grid()), 5);
            assert_eq!(count(until, |ticket| ticket.state == PENDING_CHECK), 20);
            assert_eq!(count(until, |ticket| !ticket.routed), 40);
            assert_eq!(count(until, |ticket| ticket.unit == Some(small_unit())), 3);
        }
    }

    #[test]
    fn half_of_the_tickets_crowd_in_a_few_grids_and_every_grid_has_some() {
        let mut grids: HashMap<String, u64> = HashMap::new();
        for ticket in (0..100_000).map(filled).filter(|ticket| ticket.routed) {
            *grids.entry(ticket.area_code).or_default() += 1;
        }
        assert_eq!(grids.len() as u64, GRIDS);
        let busy = grids[&grid_code(0)];
        assert!(busy > 2000, "{busy}");
    }

    #[test]
    fn a_line_has_a_value_for_each_column() {
        let mut lines = Lines::default();
        (0..100).for_each(|number| lines.add(number, "0101", "[]"));
        for (text, columns) in [
            (&lines.tickets, TICKET_COLUMNS),
            (&lines.orders, ORDER_COLUMNS),
            (&lines.history, HISTORY_COLUMNS),
        ] {
            assert!(text.lines().count() > 0);
            for line in text.lines() {
                assert_eq!(
                    line.split('\t').count(),
                    columns.split(',').count(),
                    "{line}"
                );
            }
        }
    }
}
