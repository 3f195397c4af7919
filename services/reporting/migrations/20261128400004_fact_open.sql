-- no-transaction
create index concurrently fact_open on fact (kind, area_code)
    where states[cardinality(states)] <> all (array['refused', 'paid_or_delivered', 'withdrawn', 'replied', 'dismissed', 'confirmed'])
