"""A page that leads to several reports beside it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from imgcls.reports.page import Section, page


def render_index(title: str, subtitle: str, reports: Sequence[tuple[str, str, str]]) -> str:
    """`reports` is (model, kind, path relative to the page) of each."""
    by_model: dict[str, list[tuple[str, str]]] = {}
    for model, kind, path in reports:
        by_model.setdefault(model, []).append((kind, path))
    sections = [
        Section(model, "".join(f'<p><a href="{escape(path)}">{escape(kind)} report</a></p>' for kind, path in links))
        for model, links in by_model.items()
    ]
    return page(title, subtitle, sections)
