-- A correction whose line the platform takes away stays in force: the order is held, and a person says what becomes of it.
select ops.describe('core.corrections', 'One row per field of an order that a person put right; laid over what the platform says after every merge; key correction_id.',
    'platform_value', 'what the platform says now; differs from base_value: a conflict; said is null: the line is gone',
    'state', 'active; undone by a person; replaced by a later one; settled: the platform says the same now, or the gift is earned no more');
