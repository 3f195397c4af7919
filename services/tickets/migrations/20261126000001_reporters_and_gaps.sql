-- Who reported a ticket: the subject of a token, as its history has it.
alter table ticket add column reporter text not null default '';
update ticket set reporter = line.actor from ticket_history line
where line.ticket_id = ticket.id and line.revision = 1;

-- Gaps in the roster are looked for by area, from a time on.
create index duty_shift_gaps on duty_shift (area_code, kind, end_time, start_time) where state = 1;

-- Messages that wait for a public reply are counted all the time.
create index group_message_waiting on group_message (sent_time) where state in (1, 2);

-- Meetings at which a deliberation came to no decision, in order.
alter table deliberation add column inconclusive_meeting_ids uuid[] not null default '{}';

-- Assignments that were made by mistake are taken back, with the steps that did so.
alter table assignment add column state smallint not null default 1;
alter table assignment add column steps jsonb not null default '[]';
alter table assignment add constraint assignment_state_known check (state between 1 and 2);
