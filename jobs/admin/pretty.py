"""Values as people read them."""

from __future__ import annotations

import json

from django.utils.html import format_html


def pretty(value: object) -> str:
    """JSON on lines of its own, indented; a dash where there is none."""
    if value is None or value == {}:
        return "-"
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return format_html('<pre style="margin: 0; white-space: pre-wrap">{}</pre>', text)
