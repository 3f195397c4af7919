-- no-transaction
-- Appointments are listed by area, in the order of entry.
create index concurrently appointment_area_entry on appointment (area_code, entry);
