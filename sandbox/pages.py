"""Pages for people: mails, and the frame of every page. Plain HTML, nothing from elsewhere."""

from collections.abc import Collection, Iterable, Sequence
from html import escape

from sandbox.gateway.text import beijing
from sandbox.mailbox import Mail

STYLE = (
    "body{font:15px/1.7 system-ui,'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif;"
    "max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}"
    "td,th{border-bottom:1px solid #ddd;padding:.3rem .6rem;text-align:left;vertical-align:top}"
    "td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}a{color:#0a58ca}"
    "code{background:#f3f4f6;padding:0 .25rem;border-radius:.2rem;overflow-wrap:anywhere}.bad{color:#b42318}"
    "details{border:1px solid #ddd;border-radius:.3rem;margin:.5rem 0;padding:.3rem .8rem}"
    "summary{cursor:pointer}"
    "pre{white-space:pre-wrap;background:#f6f6f6;padding:1rem}"
    "iframe{width:100%;height:30rem;border:1px solid #ddd}"
)


def mailbox_page(mails: list[Mail]) -> str:
    """Return the list of mails, newest first."""
    rows = "".join(
        f'<tr><td class="n">{mail.number}</td><td>{beijing(mail.received_at)}</td>'
        f"<td>{escape(', '.join(mail.recipients))}</td>"
        f'<td><a href="/mailbox/{mail.number}">{escape(mail.subject) or "(无主题)"}</a></td></tr>'
        for mail in reversed(mails)
    )
    table = f"<table><tr><th>#</th><th>时间</th><th>收件人</th><th>主题</th></tr>{rows}</table>"
    return page("收件箱", '<p><a href="/">返回</a></p>' + (table if mails else "<p>还没有邮件。</p>"))


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
    return page(mail.subject or "(无主题)", head + html + text)


def table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], numbers: Collection[int] = ()
) -> str:
    """Return a table of cells that are HTML already; the columns `numbers` stand at the right."""

    def row(tag: str, cells: Sequence[str]) -> str:
        kinds = (' class="n"' if place in numbers else "" for place in range(len(cells)))
        return "".join(f"<{tag}{kind}>{cell}</{tag}>" for kind, cell in zip(kinds, cells, strict=True))

    body = "".join(f"<tr>{row('td', cells)}</tr>" for cells in rows)
    head = f"<h2>{title}</h2>" if title else ""
    empty = f'<tr><td colspan="{len(columns)}">无</td></tr>'
    return f"{head}<table><tr>{row('th', columns)}</tr>{body or empty}</table>"


def page(title: str, body: str) -> str:
    """Return a whole page around `body`; `title` is plain text."""
    return (
        f'<!DOCTYPE html><html lang="zh-CN"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head>'
        f"<body><h1>{escape(title)}</h1>{body}</body></html>"
    )
