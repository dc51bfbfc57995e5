"""The first page for people: the world, what every gateway was asked and answered, how to drive it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from html import escape

from sandbox.faults import Fault
from sandbox.gateway.gateway import Gateway
from sandbox.gateway.limits import Limit
from sandbox.gateway.text import beijing
from sandbox.gateway.tokens import Standing
from sandbox.pages import page, table
from sandbox.world.catalog import Shop
from sandbox.world.model import AfterSaleKind, AfterSaleState, OrderState
from sandbox.world.world import World

STATES = {
    OrderState.UNPAID: "待付款",
    OrderState.DEPOSIT_PAID: "已付定金",
    OrderState.PAID_HOLD: "已付款,暂不能发(待成团、风控、锁定)",
    OrderState.TO_SHIP: "待发货",
    OrderState.PART_SHIPPED: "部分发货",
    OrderState.SHIPPED: "已发货",
    OrderState.DONE: "已完成",
    OrderState.CLOSED_UNPAID: "未付款关闭",
    OrderState.CLOSED_REFUNDED: "退款关闭",
}
KINDS = {
    AfterSaleKind.REFUND_ONLY: "仅退款",
    AfterSaleKind.RETURN_REFUND: "退货退款",
    AfterSaleKind.EXCHANGE: "换货",
    AfterSaleKind.RESHIP: "补寄",
    AfterSaleKind.MONEY_ONLY: "只退差价",
}
AFTER_SALES = {
    AfterSaleState.APPLIED: "已申请",
    AfterSaleState.AGREED: "已同意",
    AfterSaleState.GOODS_RETURNED: "货已退回",
    AfterSaleState.REFUNDED: "已退款",
    AfterSaleState.RESENT: "已重发",
    AfterSaleState.REJECTED: "已拒绝",
    AfterSaleState.WITHDRAWN: "已撤销",
}
DEFECTS = {
    "missing_region": "省市为空",
    "unknown_region": "省份写着“未知”",
    "unmapped_sku": "商品编码没有映射",
    "memo_instruction": "留言或备注要求改地址、换款",
    "amount_mismatch": "实付与明细不符",
    "suspected_duplicate": "疑似重复下单",
    "impossible_time": "付款早于下单",
    "unknown_status": "文档里没有的状态",
    "out_of_stock": "两仓都不够",
    "zero_paid": "实付为零",
}
DOUBTS = {
    "wish": "买家要改、要退、要缓",
    "fair_message": "无须处理的留言",
    "invoice_wish": "要开发票",
    "pretended": "刷单或样品",
    "abroad": "港澳台地址",
    "typo_price": "价格少打一位",
    "fair_clearance": "换季清仓",
    "under_cost": "卖得比成本低",
    "fair_at_cost": "按成本清尾货",
    "fair_subsidy": "平台补贴大半",
    "fair_bulk": "公司采购",
    "fat_finger": "件数多打几位",
    "fair_repeat": "过后又买一份",
    "banned_buyer": "有过纠纷的买家",
    "vague_address": "地址没有写清",
    "fair_address": "村组、驿站、宿舍",
    "no_phone": "电话打不通",
    "no_name": "收货人没写姓名",
    "ring": "多个买家一个电话",
    "fair_family": "一家人",
    "nameless_refund": "退了一部分,没说是哪件",
}
FAULTS = {
    "throttle": "限流",
    "error": "错误应答",
    "status": "HTTP 错误码",
    "cut": "应答中途断开",
    "html": "登录页代替 JSON",
    "body": "任意正文",
    "gbk": "GBK 编码",
    "slow": "慢",
    "drip": "正文一点一点地来",
    "skewed_clock": "时钟不准",
    "lying_total": "总数不实",
    "endless_has_next": "永远有下一页",
    "expire_token": "令牌过期",
}
DRIVEN = (
    ("place", '{"n": 5, "shop": "pdd_main"}', "下 5 张新单并付款"),
    (
        "touch",
        '{"n": 3, "what": "refund"}',
        "让 3 张合适的订单申请退款;还有 memo、address、ship 等",
    ),
    (
        "faults",
        '{"platform": "jd", "plan": [{"kind": "slow", "seconds": 5}]}',
        "计划故障;plan 为空则恢复",
    ),
    (
        "limits",
        '{"platform": "jd", "limits": [{"method": "*", "calls": 20, "seconds": 1}]}',
        "改调用上限",
    ),
    ("tokens", '{"shop": "wx_store", "valid": false}', "令牌立刻过期;加 revoke 则续期也不给"),
    ("churn", '{"per_call": 3, "place": 1}', "每次翻页之间,3 张单离开窗口、1 张新单进来"),
    ("noise", '{"on": true, "rate": 0.1}', "列表乱序、重复"),
    ("lag", '{"seconds": 60}', "变化晚一分钟才在列表里出现"),
    ("delay", '{"list_ms": 200, "detail_ms": 50}', "每次应答都要这么久"),
    ("mail_faults", '{"refuse": 1}', "拒收下一封邮件"),
    ("reset_counters", "{}", "调用与错误从零数起"),
)


def state_page(gateways: Mapping[str, Gateway], mails: int, now: datetime, base: str, wms: str = "") -> str:
    """Return the page.

    Args:
        gateways: by platform, all showing one world.
        mails: how many the mailbox holds.
        now: the platforms' time.
        base: the address of this sandbox, without a slash at the end.
        wms: what the WMS says of itself, HTML.
    """
    world = next(iter(gateways.values())).world
    names = "、".join(gateway.dialect.title for gateway in gateways.values())
    about = (
        f"<p>这是一个假的外部世界:模拟{names}的接口,另有一个邮箱。数据由随机种子 {world.seed} 生成,"
        f"与真实店铺无关。现在是 {beijing(now)}。</p>"
        f'<p><a href="/mailbox">收件箱({mails} 封)</a> · <a href="/admin/truth">全部订单的真实状态(JSON)</a>'
        ' · <a href="/admin/state">运行状态(JSON)</a> · <a href="#drive">怎样操纵它</a></p>'
    )
    parts = [
        about,
        _shops(world, gateways, now),
        *(_gateway(gateway, now) for gateway in gateways.values()),
        wms,
        _world(world),
        _driving(base),
    ]
    return page("orderhub 沙箱", "".join(parts))


def _shops(world: World, gateways: Mapping[str, Gateway], now: datetime) -> str:
    orders = Counter(order.shop_id for order in world.orders.values())
    rows = (
        (
            f"{shop.name} <code>{shop.shop_id}</code>",
            gateways[shop.platform].dialect.title,
            f"{orders[shop.shop_id]:,}",
            _standing(gateways[shop.platform], shop, now),
        )
        for shop in world.shops
    )
    return table("店铺", ("店铺", "平台", "订单", "令牌"), rows, numbers={2})


def _standing(gateway: Gateway, shop: Shop, now: datetime) -> str:
    if shop.shop_id in gateway.tokens.revoked:
        return '<b class="bad">授权已取消</b>'
    mine = [token for token, owner in gateway.tokens.shops.items() if owner == shop.shop_id]
    valid = [token for token in mine if gateway.tokens.look(token, now)[0] is Standing.VALID]
    if not valid:
        return '<b class="bad">已过期</b>'
    ends = [gateway.tokens.expires_at[token] for token in valid]
    known = [end for end in ends if end is not None]
    return f"有效至 {beijing(max(known))}" if len(known) == len(ends) else "有效"


def _gateway(gateway: Gateway, now: datetime) -> str:
    faults = len(gateway.faults.faults)
    title = (
        f"{gateway.dialect.title}:调用 {sum(gateway.calls.values()):,} 次,"
        f"错误 {sum(gateway.errors.values()):,} 次" + (f",计划中的故障 {faults} 个" if faults else "")
    )
    calls = ((f"<code>{escape(name)}</code>", f"{n:,}") for name, n in gateway.calls.most_common())
    errors = ((escape(name), f"{n:,}") for name, n in gateway.errors.most_common())
    notes = [
        *(_fault(fault) for fault in gateway.faults.faults),
        *(_ban(*ban, now) for ban in gateway.faults.bans.items() if ban[1] > now.timestamp()),
        *_habits(gateway),
        *(_limit(limit) for limit in gateway.budget.limits),
    ]
    listed = "".join(f"<li>{note}</li>" for note in notes) or "<li>没有计划中的故障,没有调用上限</li>"
    paths = "、".join(f"<code>{escape(path)}</code>" for path in gateway.dialect.paths)
    return (
        f"<details><summary>{escape(title)}</summary><p>地址 {paths}</p>"
        f"{table('', ('方法', '调用'), calls, numbers={1})}"
        f"{table('', ('错误应答', '次数'), errors, numbers={1})}<ul>{listed}</ul></details>"
    )


def _fault(fault: Fault) -> str:
    times = f"共 {fault.times} 次" if fault.times else "一直"
    where = "全部方法" if fault.method == "*" else escape(fault.method)
    shop = f",店铺 {escape(fault.shop)}" if fault.shop else ""
    return f"故障:{FAULTS[fault.kind]}({where}{shop},{times},已发生 {fault.fired} 次)"


def _ban(banned: tuple[str, str], until: float, now: datetime) -> str:
    method, shop = banned
    return f"禁用中:{escape(method)} {escape(shop)},还有 {until - now.timestamp():.0f} 秒"


def _habits(gateway: Gateway) -> list[str]:
    behavior = gateway.behavior
    told = (
        (behavior.lag.total_seconds(), f"变化晚 {behavior.lag.total_seconds():.0f} 秒出现在列表里"),
        (behavior.churn_per_call, f"翻页之间有 {behavior.churn_per_call} 张单离开窗口"),
        (behavior.churn_place, f"翻页之间有 {behavior.churn_place} 张新单"),
        (behavior.noise, "列表乱序,无关字段会变"),
        (behavior.list_delay_ms, f"列表应答慢 {behavior.list_delay_ms} 毫秒"),
        (behavior.detail_delay_ms, f"详情应答慢 {behavior.detail_delay_ms} 毫秒"),
    )
    return [f"习惯:{text}" for is_on, text in told if is_on]


def _limit(limit: Limit) -> str:
    what = "全部方法合计" if limit.method == "*" else f"<code>{escape(limit.method)}</code>"
    per = "每店" if limit.per_shop else "每应用"
    return f"上限:{what},{per} {limit.seconds:g} 秒内 {limit.calls:,} 次"


def _world(world: World) -> str:
    orders = world.orders.values()
    states = Counter(STATES[order.state] for order in orders)
    after_sales = Counter(
        f"{KINDS[one.kind]} · {AFTER_SALES[one.state]}" for one in world.after_sales.values()
    )
    words = DEFECTS | DOUBTS
    defects = Counter(f"{words[i.label]} <code>{i.label}</code>" for order in orders for i in order.intents)
    return (
        _counted("订单状态", states) + _counted("售后", after_sales) + _counted("有意埋入的异常订单", defects)
    )


def _counted(title: str, counts: Counter[str]) -> str:
    return table(title, ("", "数量"), ((name, f"{n:,}") for name, n in counts.most_common()), numbers={1})


def _driving(base: str) -> str:
    rows: Iterable[tuple[str, str, str]] = (
        (f"<code>/admin/{name}</code>", f"<code>{escape(wish)}</code>", escape(effect))
        for name, wish, effect in DRIVEN
    )
    example = f"curl -d '{DRIVEN[0][1]}' {base}/admin/{DRIVEN[0][0]}"
    return (
        '<h2 id="drive">测试怎样操纵它</h2><p>向下面的地址 POST 一个 JSON 对象;写错了,应答会说用法。'
        f"加上 <code>platform</code> 就只作用于一个平台。</p><pre>{escape(example)}</pre>"
        + table("", ("地址", "例", "结果"), rows)
        + "<p>每个接口按哪份文档做、哪些没有证实:<code>sandbox/README.md</code>。</p>"
    )
