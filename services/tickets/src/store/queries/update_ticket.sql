-- A ticket's change with everything that goes with it, in one statement, if
-- the ticket still has the revision on which the decision was taken. What
-- follows the change waits for it, so that events are numbered while the
-- ticket's row is locked, in the order of their revisions.
with changed as (
    update ticket set
        area_code = new.area_code,
        routed = new.routed,
        suggested_unit_id = new.suggested_unit_id,
        state = new.state,
        outcome = new.outcome,
        ended_time = new.ended_time,
        rework_count = new.rework_count,
        escalation_level = new.escalation_level,
        clocks = new.clocks,
        revision = new.revision
    from json_populate_record(null::ticket, $1::text::json) new
    where ticket.id = new.id and ticket.revision = $2
    returning ticket.id
), orders as (
    insert into ticket_order
    select * from json_populate_recordset(null::ticket_order, $3::text::json) where exists (select from changed)
    on conflict on constraint ticket_order_pkey do update set
        state = excluded.state,
        accepted_time = excluded.accepted_time,
        ended_time = excluded.ended_time,
        handler_person_id = excluded.handler_person_id,
        result = excluded.result,
        return_reason = excluded.return_reason
), history as (
    insert into ticket_history
    select * from json_populate_recordset(null::ticket_history, $4::text::json)
    where exists (select from changed)
), requests as (
    insert into request
    select * from json_populate_recordset(null::request, $6::text::json) where exists (select from changed)
), events as (
    insert into outbox (
        event_id, record_id, revision, area_code, occurred_time, recorded_time, imported,
        traceparent, payload
    )
    select
        event_id, record_id, revision, area_code, occurred_time, recorded_time, imported,
        traceparent, payload
    from json_populate_recordset(null::outbox, $5::text::json)
    where exists (select from changed)
    order by revision
)
select exists (select from changed) as "changed!"
