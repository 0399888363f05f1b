"""What pages say."""

from __future__ import annotations

import html
import re
from typing import Any

BASE = "/ui/w/acme/schedules/"
PART = {"HX-Request": "true"}


def words(response: Any, status: int = 200) -> str:
    """What a page says, without its tags."""
    assert response.status_code == status, response.content.decode()[:2000]
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", response.content.decode())).split())


def main(response: Any) -> str:
    """The page without its frame, as it is."""
    assert response.status_code == 200
    found = re.search(r"<main.*</main>", response.content.decode(), re.DOTALL)
    assert found
    return found[0]
