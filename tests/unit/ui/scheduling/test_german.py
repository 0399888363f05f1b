"""The Scheduler's German."""

from __future__ import annotations

import re

from ui.translations import LOCALE, read, texts_by_area

PLACES = re.compile(r"%(?:\(\w+\))?[ds]")


def test_each_text_has_its_german() -> None:
    words = read(LOCALE / "de" / "words" / "scheduling.po")
    known = words | read(LOCALE / "de" / "words" / "frame.po")
    assert [text.one for text in texts_by_area()["scheduling"] if not all(known.get(text, ("",)))] == []


def test_each_has_the_places_of_the_english() -> None:
    words = read(LOCALE / "de" / "words" / "scheduling.po")
    wrong = [
        text.one
        for text, forms in words.items()
        for form in forms
        if sorted(set(PLACES.findall(form))) != sorted(set(PLACES.findall(text.plural or text.one)))
    ]
    assert wrong == []
