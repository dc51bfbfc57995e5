-- A resend of pieces that a document was short of goes as the line that it is the rest of.
alter table core.replacements add column rest_of text collate "C";
comment on column core.replacements.rest_of is
    'of pieces that a document was short of: the order whose line they belong to; what stops that line stops them. Null otherwise';
