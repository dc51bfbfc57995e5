-- What the platform pays in the buyer's place; who called an anomaly a false alarm.
alter table core.order_lines add column subsidy_fen bigint;
select ops.describe('core.order_lines', 'One row per line of the winning version of an order, per part of a bundle, and per gift of the hub; key order_id, line_id.',
    'subsidy_fen', 'what the platform pays the shop for the line in the buyer''s place, fen; not in paid_fen; null where it does not tell; some tell it of the whole order: never sum it');
