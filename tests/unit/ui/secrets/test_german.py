"""The German of the pages of secrets."""

from __future__ import annotations

from ui.translations import LOCALE, read, texts_by_area


def test_each_text_has_its_german() -> None:
    words = read(LOCALE / "de" / "words" / "secrets.po")
    known = words | read(LOCALE / "de" / "words" / "frame.po")
    assert [text.one for text in texts_by_area()["secrets"] if not all(known.get(text, ("",)))] == []
