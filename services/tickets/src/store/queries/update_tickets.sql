-- Updates tickets and writes their orders, histories, requests and events, in one
-- statement. A ticket that no longer has the revision that its decision was based on
-- is skipped, with all that belongs to it. The inserts read from `changed`, so events
-- are numbered while the ticket's row is locked, in the order of their revisions.
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
    from json_populate_recordset(null::ticket, $1::text::json) new
    join unnest($2::uuid[], $3::bigint[]) as decided (id, revision) on decided.id = new.id
    where ticket.id = new.id and ticket.revision = decided.revision
    returning ticket.id
), orders as (
    insert into ticket_order (
        id, ticket_id, place, unit_id, role, state, issued_time, accepted_time, ended_time,
        handler_person_id, result, return_reason
    )
    select
        id, ticket_id, place, unit_id, role, state, issued_time, accepted_time, ended_time,
        handler_person_id, result, return_reason
    from json_populate_recordset(null::ticket_order, $4::text::json) o
    where o.ticket_id in (select id from changed)
    on conflict on constraint ticket_order_pkey do update set
        state = excluded.state,
        accepted_time = excluded.accepted_time,
        ended_time = excluded.ended_time,
        handler_person_id = excluded.handler_person_id,
        result = excluded.result,
        return_reason = excluded.return_reason
), history as (
    insert into ticket_history (
        ticket_id, revision, action, from_state, to_state, action_time, actor, order_id, reason
    )
    select
        ticket_id, revision, action, from_state, to_state, action_time, actor, order_id, reason
    from json_populate_recordset(null::ticket_history, $5::text::json) line
    where line.ticket_id in (select id from changed)
), requests as (
    insert into request (caller, request_id, fingerprint, record_id, revision, recorded_time)
    select caller, request_id, fingerprint, record_id, revision, recorded_time
    from json_populate_recordset(null::request, $7::text::json) made
    where made.record_id in (select id from changed)
), events as (
    insert into outbox (
        event_id, record_id, revision, area_code, occurred_time, recorded_time, imported,
        traceparent, payload, kind
    )
    select
        event_id, record_id, revision, area_code, occurred_time, recorded_time, imported,
        traceparent, payload, kind
    from json_populate_recordset(null::outbox, $6::text::json)
    where record_id in (select id from changed)
    order by record_id, revision
)
select id as "id!" from changed
