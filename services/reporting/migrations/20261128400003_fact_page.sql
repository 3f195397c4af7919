-- no-transaction
create index concurrently fact_page on fact (kind, area_code, record_id)
