-- A large pass commits what it merged before it is judged: until it is finished, none of its orders is ready to ship.
create index passes_unfinished on ops.passes (pass_id) where finished_at is null;
