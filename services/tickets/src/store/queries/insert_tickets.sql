-- New tickets with their orders, histories and events, and the requests that
-- made them, in one statement: either all of it is there or none. Each row is
-- the record itself; a column is a field of the same name.
with tickets as (
    insert into ticket select * from json_populate_recordset(null::ticket, $1::text::json)
), orders as (
    insert into ticket_order select * from json_populate_recordset(null::ticket_order, $2::text::json)
), history as (
    insert into ticket_history select * from json_populate_recordset(null::ticket_history, $3::text::json)
), requests as (
    insert into request select * from json_populate_recordset(null::request, $5::text::json)
)
insert into outbox (
    event_id, record_id, revision, area_code, occurred_time, recorded_time, imported, traceparent,
    payload
)
select
    event_id, record_id, revision, area_code, occurred_time, recorded_time, imported, traceparent,
    payload
from json_populate_recordset(null::outbox, $4::text::json)
order by record_id, revision
