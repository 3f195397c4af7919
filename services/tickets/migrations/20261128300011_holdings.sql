-- Which unit holds which ticket by a live order, with what lists of tickets go by.
-- Triggers keep it, so that every release that writes tickets does.
create table ticket_holding (
    unit_id uuid not null,
    ticket_id uuid not null,
    area_code text not null collate "C",
    routed boolean not null,
    state smallint not null,
    reported_time timestamptz not null,
    constraint ticket_holding_pkey primary key (ticket_id, unit_id)
);
create index ticket_holding_listed on ticket_holding
    (unit_id, routed, state, reported_time desc, ticket_id desc) include (area_code);
create index ticket_holding_listed_12 on ticket_holding
    (unit_id, left(area_code, 12), routed, state, reported_time desc, ticket_id desc) include (area_code);

-- An order has come or changed. The ticket is the one that the same statement
-- has written.
create function keep_ticket_holding() returns trigger language plpgsql as $$
begin
    if new.state <= 5 then
        insert into ticket_holding (unit_id, ticket_id, area_code, routed, state, reported_time)
        select new.unit_id, ticket.id, ticket.area_code, ticket.routed, ticket.state, ticket.reported_time
        from ticket where ticket.id = new.ticket_id
        on conflict on constraint ticket_holding_pkey do nothing;
    elsif not exists (
        select from ticket_order other
        where other.ticket_id = new.ticket_id and other.unit_id = new.unit_id and other.state <= 5
    ) then
        delete from ticket_holding held
        where held.ticket_id = new.ticket_id and held.unit_id = new.unit_id;
    end if;
    return null;
end $$;

-- A ticket has changed in what its holders' lists go by.
create function change_ticket_holding() returns trigger language plpgsql as $$
begin
    update ticket_holding held
    set area_code = new.area_code, routed = new.routed, state = new.state
    where held.ticket_id = new.id;
    return null;
end $$;
