-- The token with the mark of its event; `token` keeps the part of it that
-- releases before 0.2.0 know, so that they can go on from it. It holds only while
-- it begins with `token`: such a release moves that alone.
alter table feed_position add column marked_token text;
