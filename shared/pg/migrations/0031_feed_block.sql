-- For each block of 1,000 events of the feed, from the first one on and without
-- gaps: when its events were recorded. A position is found here by time; the
-- events themselves are ordered by commit, not by time.
create table feed_block (
    -- Position of the block's last event.
    last_position bigint not null,
    -- Earliest time at which one of its events was recorded.
    earliest_time timestamptz not null,
    -- Latest time at which one of its events, or of an earlier block's, was recorded:
    -- it never falls from one block to the next.
    latest_time timestamptz not null,
    constraint feed_block_pkey primary key (last_position)
);
create index feed_block_latest_time on feed_block (latest_time, last_position);
