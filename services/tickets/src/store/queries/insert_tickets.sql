-- Inserts new tickets with their orders, histories and events, and the requests
-- that created them. One statement, so all of it is committed or none. Each JSON row
-- is a record whose fields are named like the columns. Columns are listed, so that
-- those of a newer release keep their defaults.
with tickets as (
    insert into ticket (
        id, source, reporter, category_code, title, description, address, longitude, latitude,
        area_code, routed, suggested_unit_id, state, outcome, reported_time, ended_time,
        rework_count, escalation_level, clocks, imported, import_digest, revision
    )
    select
        id, source, reporter, category_code, title, description, address, longitude, latitude,
        area_code, routed, suggested_unit_id, state, outcome, reported_time, ended_time,
        rework_count, escalation_level, clocks, imported, import_digest, revision
    from json_populate_recordset(null::ticket, $1::text::json)
), orders as (
    insert into ticket_order (
        id, ticket_id, place, unit_id, role, state, issued_time, accepted_time, ended_time,
        handler_person_id, result, return_reason
    )
    select
        id, ticket_id, place, unit_id, role, state, issued_time, accepted_time, ended_time,
        handler_person_id, result, return_reason
    from json_populate_recordset(null::ticket_order, $2::text::json)
), history as (
    insert into ticket_history (
        ticket_id, revision, action, from_state, to_state, action_time, actor, order_id, reason
    )
    select
        ticket_id, revision, action, from_state, to_state, action_time, actor, order_id, reason
    from json_populate_recordset(null::ticket_history, $3::text::json)
), requests as (
    insert into request (caller, request_id, fingerprint, record_id, revision, recorded_time)
    select caller, request_id, fingerprint, record_id, revision, recorded_time
    from json_populate_recordset(null::request, $5::text::json)
)
insert into outbox (
    event_id, record_id, revision, area_code, occurred_time, recorded_time, imported, traceparent,
    payload, kind
)
select
    event_id, record_id, revision, area_code, occurred_time, recorded_time, imported, traceparent,
    payload, kind
from json_populate_recordset(null::outbox, $4::text::json)
order by record_id, revision
