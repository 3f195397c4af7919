-- Nobody is on two duties of a community at a time (`store/one_at_a_time.rs`). Over
-- the whole platform, one community could keep another's people off their duty,
-- and learn that they are on it. Rows that were legal stay legal.
alter table duty_shift drop constraint duty_shift_overlap;
