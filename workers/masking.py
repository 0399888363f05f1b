"""Taking secrets out of whatever is kept."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, quote_plus

MASK = "***"
ANYWHERE = 12
"""A secret that is so long is blacked out wherever it stands. A shorter one only where it is not a part of a longer word or number:
``postgres`` would take ``postgresql`` apart, and ``1234`` every sum."""


class Masker:
    """Replaces secrets, and the forms in which they travel, by ``***``.

    Args:
        secrets: The values. Empty ones are left out.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets if secret for form in _forms(secret)}
        # The longest first: a secret may be a part of another one's form.
        self._forms = sorted(forms, key=len, reverse=True)
        self._words = {form: re.compile(rf"(?<!\w){re.escape(form)}(?!\w)") for form in forms if len(form) < ANYWHERE}

    def text(self, text: str) -> str:
        """The text without secrets."""
        for form in self._forms:
            if form not in text:
                continue
            word = self._words.get(form)
            text = word.sub(MASK, text) if word else text.replace(form, MASK)
        return text

    def cut_text(self, text: str) -> str:
        """Text that was cut off somewhere: a secret's beginning at its end goes too."""
        text = self.text(text)
        for form in self._forms:
            for length in range(min(len(form), len(text)), 0, -1):
                if text.endswith(form[:length]):
                    return text[:-length] + MASK
        return text

    def data(self, data: Any) -> Any:
        """JSON-ready data without secrets, in keys, strings and numbers alike."""
        if not self._forms:
            return data
        if isinstance(data, str):
            return self.text(data)
        if isinstance(data, dict):
            return {self.text(key) if isinstance(key, str) else key: self.data(value) for key, value in data.items()}
        if isinstance(data, list | tuple):
            return [self.data(item) for item in data]
        return data if data is None or isinstance(data, bool) or self.text(str(data)) == str(data) else MASK


def _forms(secret: str) -> Iterable[str]:
    encoded = base64.b64encode(secret.encode()).decode()
    return {
        secret,
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        encoded,
        encoded.rstrip("="),
    }
