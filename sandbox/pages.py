"""Pages for people: what the sandbox knows, which mails arrived. Plain HTML, nothing from elsewhere."""

from collections import Counter
from collections.abc import Iterable, Mapping
from html import escape

from sandbox.gateway.gateway import Gateway
from sandbox.gateway.text import beijing
from sandbox.mailbox import Mail

STYLE = (
    "body{font:15px/1.7 system-ui,'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif;"
    "max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}"
    "td,th{border-bottom:1px solid #ddd;padding:.3rem .6rem;text-align:left;vertical-align:top}"
    "td.n{text-align:right;font-variant-numeric:tabular-nums}a{color:#0a58ca}"
    "pre{white-space:pre-wrap;background:#f6f6f6;padding:1rem}"
    "iframe{width:100%;height:30rem;border:1px solid #ddd}"
)


def state_page(gateways: Mapping[str, Gateway], mails: int) -> str:
    """Return the first page: shops, states, after-sales, planted defects, calls."""
    world = next(iter(gateways.values())).world
    orders = world.orders.values()
    shops = Counter(order.shop_id for order in orders)
    names = "、".join(gateway.dialect.title for gateway in gateways.values())
    about = f"本页是演示用的外部世界:模拟{names}网关与邮箱,数据由随机种子 {world.seed} 生成,与真实店铺无关。"
    links = (
        f'<a href="/mailbox">收件箱({mails} 封)</a> · '
        '<a href="/admin/truth">全部订单的真实状态(JSON)</a> · <a href="/admin/state">运行状态(JSON)</a>'
    )
    calls: Counter[str] = sum((gateway.calls for gateway in gateways.values()), Counter())
    errors: Counter[str] = sum((gateway.errors for gateway in gateways.values()), Counter())
    after_sales = Counter(f"{one.kind.value} · {one.state.value}" for one in world.after_sales.values())
    parts = [
        f"<p>{about}</p><p>{links}</p>",
        _table("店铺", ((f"{shop.name}({shop.shop_id})", shops[shop.shop_id]) for shop in world.shops)),
        _table("订单状态", Counter(order.state.value for order in orders).most_common()),
        _table("售后", after_sales.most_common()),
        _table("埋入的异常", Counter(i.label for o in orders for i in o.intents).most_common()),
        _table("接口调用", calls.most_common()),
        _table("错误应答", errors.most_common()),
    ]
    return _page("orderhub 沙箱", "".join(parts))


def mailbox_page(mails: list[Mail]) -> str:
    """Return the list of mails, newest first."""
    rows = "".join(
        f'<tr><td class="n">{mail.number}</td><td>{beijing(mail.received_at)}</td>'
        f"<td>{escape(', '.join(mail.recipients))}</td>"
        f'<td><a href="/mailbox/{mail.number}">{escape(mail.subject) or "(无主题)"}</a></td></tr>'
        for mail in reversed(mails)
    )
    table = f"<table><tr><th>#</th><th>时间</th><th>收件人</th><th>主题</th></tr>{rows}</table>"
    return _page("收件箱", '<p><a href="/">返回</a></p>' + (table if mails else "<p>还没有邮件。</p>"))


def mail_page(mail: Mail) -> str:
    """Return one mail; its HTML is shown without scripts."""
    head = (
        '<p><a href="/mailbox">返回收件箱</a></p><table>'
        f"<tr><th>发件人</th><td>{escape(mail.sender)}</td></tr>"
        f"<tr><th>收件人</th><td>{escape(', '.join(mail.recipients))}</td></tr>"
        f"<tr><th>时间</th><td>{beijing(mail.received_at)}</td></tr>"
        f"<tr><th>Message-ID</th><td>{escape(mail.message_id)}</td></tr>"
        f"<tr><th>附件</th><td>{escape(', '.join(mail.attachments)) or '无'}</td></tr></table>"
    )
    framed = f'<base target="_blank">{mail.html}'
    html = f'<iframe sandbox="allow-popups" srcdoc="{escape(framed)}"></iframe>' if mail.html else ""
    text = f"<pre>{escape(mail.text)}</pre>" if mail.text else ""
    return _page(mail.subject or "(无主题)", head + html + text)


def _table(title: str, rows: Iterable[tuple[str, int]]) -> str:
    body = "".join(f'<tr><td>{escape(name)}</td><td class="n">{count}</td></tr>' for name, count in rows)
    return f"<h2>{title}</h2><table>{body or '<tr><td>无</td></tr>'}</table>"


def _page(title: str, body: str) -> str:
    return (
        f'<!DOCTYPE html><html lang="zh-CN"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head>'
        f"<body><h1>{escape(title)}</h1>{body}</body></html>"
    )
