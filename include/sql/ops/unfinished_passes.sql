-- One row per transform pass that has merged its orders and not judged them: a large one at work, or one that died in
-- between and is judged by the next; key pass_id. A small pass is seen when it is finished.
create view ops.unfinished_passes as
select pass_id from ops.passes where kind = 'transform' and finished_at is null;
select ops.describe('ops.unfinished_passes', '合并了还没检查完的大批次:其中的订单不发货 / transform passes that have merged and not judged their orders: none of these ships; key pass_id.',
    'pass_id', 'the transform pass');
