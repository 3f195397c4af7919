-- Areas by their codes, in the order of codes.
create type code_range as range (subtype = text, collation = "C");
