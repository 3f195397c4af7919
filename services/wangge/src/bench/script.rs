//! The statements of the baseline, as pgbench scripts: what each operation does to the
//! database, written as a plain transaction with one round trip per statement. Reads
//! are the statements of our services.

use super::{operation::Operation, setting::Setting};

/// Number of tickets in the scratch database that were only reported.
pub(crate) const REPORTED: i64 = 20_000;
/// Number of tickets after them that are filed and pending dispatch.
pub(crate) const FILED: i64 = 40_000;

/// Statements that fill the scratch database. `new_id` generates ids that increase with
/// time, as ours do. Parameters: category, title, description, address, area, unit,
/// clocks of a reported ticket, clocks of a filed one, numbers of both.
pub(crate) const FILL: [&str; 4] = [
    "create function new_id() returns uuid language sql volatile return encode(overlay(
         uuid_send(gen_random_uuid()) placing
         substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3)
         from 1 for 6), 'hex')::uuid",
    "insert into ticket
     select lpad(to_hex(n), 32, '0')::uuid, 2, $1, $2, $3, $4, null, null, $5, true, $6::uuid,
         case when n <= $9 then 1 else 3 end, null, now() - n * interval '1 minute', null, 0, 0,
         case when n <= $9 then $7 else $8 end::jsonb, false, null,
         case when n <= $9 then 1 else 2 end
     from generate_series(1, $9::int + $10::int) n",
    "insert into ticket_history
     select id, line, line, null, 1, reported_time, 'wangge-dispatcher', null, ''
     from ticket, generate_series(1, ticket.revision) line",
    "vacuum analyze",
];

const CREATE: &str = r"
begin;
insert into ticket values (new_id(), 2, :category, :title, :description, :address, null, null,
    :area, true, :unit, 1, null, now(), null, 0, 0, :reported_clocks, false, null, 1)
    returning id \gset
insert into ticket_history values (:id, 1, 1, null, 1, now(), :caller, null, '');
insert into request values (:caller, gen_random_uuid(), :fingerprint, :id, 1, now());
insert into outbox (event_id, record_id, revision, area_code, occurred_time, recorded_time,
    imported, traceparent, payload, kind)
    values (gen_random_uuid(), :id, 1, :area, now(), now(), false, '', :created_event, 'ticket');
commit;
";

// The statement of `store::ticket::load_tickets`, for a single ticket.
const GET: &str = r"
\set n random(1, :reported)
select row_to_json(ticket),
    (select json_agg(o order by o.place) from ticket_order o where o.ticket_id = ticket.id)
from ticket
where id = lpad(to_hex(:n::int), 32, '0')::uuid
    and ((area_code >= :from and area_code < :until) or exists (
        select from ticket_order o
        where o.ticket_id = ticket.id and o.unit_id = null::uuid and o.state <= 5));
";

// The newest tickets of a community, read by the index that serves our own list
// (`tickets/src/store/listing.rs`). Columns that the call doesn't filter by have all
// their values in the statement itself rather than in arguments.
const LIST: &str = r"
select row_to_json(ticket),
    (select json_agg(o order by o.place) from ticket_order o where o.ticket_id = ticket.id)
from (
    select found.id, found.reported_time
    from unnest(array[false, true]) as one (routed)
    cross join generate_series(1, 9) as other (state)
    cross join lateral (
        select id, reported_time from ticket
        where left(area_code, 12) = left(:area_from, 12)
        and area_code >= :area_from and area_code < :area_until
        and ticket.routed = one.routed and ticket.state = other.state
        order by reported_time desc, id desc limit 51) found
    order by reported_time desc, id desc limit 51) page
join ticket on ticket.id = page.id
order by page.reported_time desc, page.id desc;
";

// Each client dispatches tickets of its own, one after another: clients must not wait for
// one another's row locks.
const DISPATCH: &str = r"
\set n (:first + :k * :clients + :client_id) % :filed + :reported + 1
\set k :k + 1
begin;
select ticket.id, ticket.revision + 1 as next, row_to_json(ticket) as ticket,
    (select json_agg(o order by o.place) from ticket_order o where o.ticket_id = ticket.id)
        as orders,
    (select record_id from request
        where caller = :caller and request_id = (select gen_random_uuid())) as repeated
from ticket
where id = lpad(to_hex(:n::int), 32, '0')::uuid and area_code >= :from and area_code < :until
for update \gset
update ticket set state = 4, clocks = :dispatched_clocks, revision = :next where id = :id;
insert into ticket_order
    values (new_id(), :id, 1, :unit, 1, 1, now(), null, null, null, '', null);
insert into ticket_history values (:id, :next, 4, 3, 4, now(), :caller, null, '');
insert into request values (:caller, gen_random_uuid(), :fingerprint, :id, :next, now());
insert into outbox (event_id, record_id, revision, area_code, occurred_time, recorded_time,
    imported, traceparent, payload, kind)
    values (gen_random_uuid(), :id, :next, :area, now(), now(), false, '', :dispatched_event,
        'ticket');
commit;
";

/// Returns the pgbench script of an operation.
pub(crate) fn script(operation: Operation) -> String {
    match operation {
        Operation::Create => CREATE.to_owned(),
        Operation::Get => GET.to_owned(),
        Operation::List => LIST.to_owned(),
        Operation::Dispatch => DISPATCH.to_owned(),
    }
}

/// Returns the variables of the scripts. Texts have the length of those that our calls
/// write, since the size of rows and of the WAL affects the rate.
pub(crate) fn variables(setting: &Setting) -> Vec<(&'static str, String)> {
    let report = setting.report(0);
    vec![
        ("category", report.category_code),
        ("title", report.title),
        ("description", report.description),
        ("address", report.address),
        ("area", format!("{}001", setting.community)),
        ("area_from", setting.community.clone()),
        ("area_until", format!("{}:", setting.community)),
        ("from", "0".to_owned()),
        ("until", ":".to_owned()),
        ("unit", setting.unit.clone()),
        ("caller", "wangge-dispatcher".to_owned()),
        ("fingerprint", bytes(32)),
        ("created_event", bytes(CREATED_EVENT)),
        ("dispatched_event", bytes(DISPATCHED_EVENT)),
        ("reported_clocks", reported_clocks()),
        ("filed_clocks", clocks(&[FILED_IN_TIME, DISPATCHING])),
        (
            "dispatched_clocks",
            clocks(&[FILED_IN_TIME, FILED_IN_TIME, HANDLING]),
        ),
        ("reported", REPORTED.to_string()),
        ("filed", FILED.to_string()),
        ("k", "0".to_owned()),
    ]
}

/// Sizes of the event payloads that our calls write, in bytes.
const CREATED_EVENT: usize = 80;
const DISPATCHED_EVENT: usize = 190;

/// Returns the clocks of a ticket that was only reported, as JSON.
pub(crate) fn reported_clocks() -> String {
    clocks(&[FILING])
}

/// Clocks in the JSON format that our calls write.
const FILING: &str = r#"{"kind":1,"limit":{"kind":3,"amount":15},"limit_source":"profile","unit_id":null,"stretches":[{"start":"2026-03-01T08:00:00.123456Z","end":null,"counted":true,"cause":1}]}"#;
const FILED_IN_TIME: &str = r#"{"kind":1,"limit":{"kind":3,"amount":15},"limit_source":"profile","unit_id":null,"stretches":[{"start":"2026-03-01T08:00:00.123456Z","end":"2026-03-01T08:00:05.123456Z","counted":true,"cause":1}]}"#;
const DISPATCHING: &str = r#"{"kind":2,"limit":{"kind":3,"amount":15},"limit_source":"profile","unit_id":null,"stretches":[{"start":"2026-03-01T08:00:05.123456Z","end":null,"counted":true,"cause":2}]}"#;
const HANDLING: &str = r#"{"kind":3,"limit":{"kind":1,"amount":24},"limit_source":"category 0101","unit_id":"01890a5d-ac96-774b-bcce-b302099a8057","stretches":[{"start":"2026-03-01T08:00:09.123456Z","end":null,"counted":true,"cause":4}]}"#;

fn clocks(clocks: &[&str]) -> String {
    format!("[{}]", clocks.join(","))
}

fn bytes(length: usize) -> String {
    format!("\\x{}", "5a".repeat(length))
}
