create trigger ticket_holding_inserted after insert on ticket_order
    for each row execute function keep_ticket_holding();
create trigger ticket_holding_updated after update on ticket_order
    for each row when (old.state is distinct from new.state) execute function keep_ticket_holding();
