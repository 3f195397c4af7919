-- no-transaction
create unique index concurrently if not exists registration_id_key on registration (id);
