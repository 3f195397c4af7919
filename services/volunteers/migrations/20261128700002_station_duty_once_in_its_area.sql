-- no-transaction
create unique index concurrently station_duty_once_in_area on station_duty (area_code, person_id, duty_date);
