-- What the planner can't know by itself: a kind is of one service, and most records
-- of a kind are settled. They take effect with the next analyze.
create statistics fact_service_of_kind (dependencies) on service, kind from fact;
create statistics fact_state_of_kind (mcv) on kind, (states[cardinality(states)]) from fact;
