-- no-transaction
create unique index concurrently if not exists check_in_visit_id_key on check_in_visit (id);
