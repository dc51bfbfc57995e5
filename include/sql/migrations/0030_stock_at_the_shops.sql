-- What a platform has against a figure, in our words, and when it is told again.
alter table core.sellable
    add column means text check (means in ('unknown_listing', 'off_shelf', 'locked', 'by_hand', 'not_yet')),
    add column retry_at timestamptz;
select ops.describe('core.sellable', '各店可售量:可承诺量 × 份额 / one row per shop and SKU of shares.csv: what the shop may offer; their sum never exceeds ATP; key shop_id, sku_id.',
    'told_qty', 'the last figure that was said, and taken or refused for good; null when nothing',
    'answer', 'what the platform had against the last figure that was said; null when it took it',
    'means', 'that in our words: unknown_listing (the shop sells no such thing), off_shelf (not for sale now), locked (an activity holds it), by_hand (only a person can set it), not_yet (later)',
    'retry_at', 'UTC, when a figure that was not taken is said again; null: with its next change');
