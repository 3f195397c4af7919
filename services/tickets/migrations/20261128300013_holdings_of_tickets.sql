create trigger ticket_holding_changed after update on ticket
    for each row when (
        (old.area_code, old.routed, old.state) is distinct from (new.area_code, new.routed, new.state)
    ) execute function change_ticket_holding();
