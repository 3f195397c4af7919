-- no-transaction
-- The same words name one area in a community, and may name others in other
-- communities: the index by which that is looked up.
create unique index concurrently address_words_area on address (normalized_text, area_code);
