-- no-transaction
create index concurrently fact_settled on fact (kind, (reached_times[cardinality(reached_times)]))
    where states[cardinality(states)] = any (array['refused', 'paid_or_delivered', 'withdrawn', 'replied', 'dismissed', 'confirmed'])
