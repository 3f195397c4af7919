-- Names of areas, by which an address that begins with them is understood
-- (天宁区富强新村17幢). Beside the copy, which the version before reads whole.
-- Areas that were told of before have none until they change.
create table area_copy_name (
    area_id uuid not null,
    name text not null,
    revision bigint not null,
    constraint area_copy_name_pkey primary key (area_id)
);
