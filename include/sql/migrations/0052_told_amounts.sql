-- What is owed at the door may be told by a person where the platform does not tell it: a correction of the whole order.
alter table core.corrections drop constraint corrections_field_check;
alter table core.corrections add constraint corrections_field_check
    check (field in ('address', 'sku', 'quantity', 'amount'));
alter table core.corrections drop constraint corrections_check;
alter table core.corrections add constraint corrections_check
    check ((field in ('address', 'amount')) = (line_id is null));
select ops.describe('core.corrections', 'One row per field of an order that a person put right; laid over what the platform says after every merge; key correction_id.',
    'field', 'address, sku, quantity, or amount: what is owed at the door, freight included', 'line_id', 'the line; null for what is of the whole order');
