-- Feeds of other services whose history no longer has the place up to which they
-- were applied here: nothing more of them is applied while feed_position holds
-- the token that was refused.
create table broken_feed (
    service text not null,
    token text not null,
    reason text not null,
    noticed_time timestamptz not null default now(),
    constraint broken_feed_pkey primary key (service)
);
