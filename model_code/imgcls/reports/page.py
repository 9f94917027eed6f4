"""The frame of every report: a self-contained HTML page, and the elements of its sections.

Every function takes plain values, escapes them and returns HTML.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from imgcls.reports.style import STYLE

_LONG_FACT = 14
Kind = Literal["info", "good", "warning", "error"]


@dataclass(frozen=True)
class Section:
    """One card of the page; `body` is HTML."""

    title: str
    body: str


def page(title: str, subtitle: str, sections: Sequence[Section], footer: str = "") -> str:
    """The whole document. It does not load anything: style, charts and images are inside."""
    links = "".join(f'<a href="#s{i}">{escape(s.title)}</a>' for i, s in enumerate(sections))
    cards = "".join(
        f'<section id="s{i}" aria-labelledby="h{i}"><h2 id="h{i}">{escape(s.title)}</h2>{s.body}</section>\n'
        for i, s in enumerate(sections)
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
        "style-src 'unsafe-inline'\">"
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n<body><main>"
        f"<header><h1>{escape(title)}</h1><p>{escape(subtitle)}</p></header>"
        f'<nav aria-label="Sections">{links}</nav>\n{cards}'
        f"<footer>{escape(footer)}</footer></main></body></html>\n"
    )


def paragraph(text: str, soft: bool = False) -> str:
    return f"<p{' class=soft' if soft else ''}>{escape(text)}</p>"


def heading(text: str) -> str:
    return f"<h3>{escape(text)}</h3>"


def facts(values: Mapping[str, object]) -> str:
    """Tiles with one value each."""
    tiles = "".join(
        f"<div><dt>{escape(name)}</dt><dd{' class=long' if len(str(value)) > _LONG_FACT else ''}>"
        f"{escape(str(value))}</dd></div>"
        for name, value in values.items()
    )
    return f'<dl class="facts">{tiles}</dl>'


def notice(kind: Kind, title: str, text: str = "") -> str:
    """A finding. Its severity is a word of the title too, because colour alone is not enough."""
    words = {"error": "Error: ", "warning": "Warning: "}.get(kind, "")
    more = f"<p>{escape(text)}</p>" if text else ""
    return f'<div class="notice {kind}" role="note"><strong>{words}{escape(title)}</strong>{more}</div>'


def table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Numbers are aligned to the right; the first cell of a row is its header."""
    rows = [list(row) for row in rows]
    numeric = [bool(rows) and all(_is_number(row[i]) for row in rows) for i in range(len(columns))]
    head = "".join(
        f'<th scope="col"{_num(flag)}>{escape(name)}</th>' for name, flag in zip(columns, numeric, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f'<th scope="row"{_num(numeric[i])}>{_cell(cell)}</th>'
            if i == 0
            else f"<td{_num(numeric[i])}>{_cell(cell)}</td>"
            for i, cell in enumerate(row)
        )
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="scroll"><table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _is_number(cell: object) -> bool:
    text = str(cell).replace(",", "").rstrip(" %x").removesuffix("ms").removesuffix("s").strip()
    try:
        float(text)
    except ValueError:
        return text in ("", "-")
    return True


def _num(flag: bool) -> str:
    return ' class="num"' if flag else ""


def _cell(value: object) -> str:
    return escape(f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value))


def details(summary: str, body: str, is_open: bool = False) -> str:
    """`body` is HTML."""
    return f"<details{' open' if is_open else ''}><summary>{escape(summary)}</summary>{body}</details>"


def figure(data: bytes, alt: str, caption: str = "", media_type: str = "image/jpeg") -> str:
    """An image inside the page."""
    text = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    source = f"data:{media_type};base64,{base64.b64encode(data).decode()}"
    return f'<figure><img src="{source}" alt="{escape(alt)}" loading="lazy">{text}</figure>'


def grid(figures: Iterable[str], wide: bool = False) -> str:
    return f'<div class="grid{" wide" if wide else ""}">{"".join(figures)}</div>'


def side_by_side(items: Iterable[str]) -> str:
    """Charts beside each other where the page is wide enough."""
    return f'<div class="charts">{"".join(f"<div>{item}</div>" for item in items)}</div>'
