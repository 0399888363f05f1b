"""The pages' words in other languages."""

from __future__ import annotations

import datetime as dt
import gettext
import io
from pathlib import Path

import pytest
from django.utils import translation

from ui import looks, translations, words
from ui.translations import Text

NOW = dt.datetime(2026, 1, 3, tzinfo=dt.UTC)
OURS = ("frame", "dashboard", "dialogs")
"""Areas that are to be told in each language whole, as the proof that all of them can be."""


@pytest.mark.parametrize("language", translations.LANGUAGES)
class TestFiles:
    @pytest.mark.parametrize("area", OURS)
    def test_the_frame_and_the_dashboard_lack_none(self, language: str, area: str) -> None:
        known = translations.read(translations.LOCALE / language / "words" / f"{area}.po")
        lacking = [text.one for text in translations.texts_by_area()[area] if not all(known.get(text, ("",)))]
        assert lacking == [], "run python -m ui.translations and fill in what is empty"

    def test_what_is_compiled_is_of_these_words(self, language: str) -> None:
        now = translations.compiled(language, translations.all_words(language))
        assert translations.target(language).read_bytes() == now, "run python -m ui.translations"

    def test_a_translation_names_what_its_text_names(self, language: str) -> None:
        for text, forms in translations.all_words(language).items():
            for form, said in zip(forms, (text.one, text.plural or text.one), strict=False):
                assert not form or _placeholders(form) == _placeholders(said), text


def _placeholders(text: str) -> set[str]:
    return {word for word in text.replace("%%", "").split() if "%(" in word and ")s" in word} and {
        piece.split(")")[0] for piece in text.split("%(")[1:]
    }


class TestCollecting:
    def test_texts_of_templates(self, tmp_path: Path) -> None:
        page = tmp_path / "page.html"
        page.write_text(
            """{% load i18n %}<p title="{% translate "It's here" %}">{% translate 'one' as x %}
            {% blocktranslate count n=n %}{{ n }} lane{% plural %}{{ n }} lanes{% endblocktranslate %}{{ _("within") }}</p>"""
        )
        assert set(translations.texts_of(page)) == {
            Text("It's here"),
            Text("one"),
            Text("%(n)s lane", "%(n)s lanes"),
            Text("within"),
        }

    def test_texts_of_code(self, tmp_path: Path) -> None:
        code = tmp_path / "code.py"
        code.write_text('x = _("one " "long")\ny = ngettext("a", "b", 2)\nz = other("not this")\n')
        assert list(translations.texts_of(code)) == [Text("one long"), Text("a", "b")]

    def test_an_area_has_its_own_and_the_frame_what_all_share(self) -> None:
        area_of = translations.area_of
        assert area_of(Path("runs/views.py")) == area_of(Path("templates/ui/runs/run.html")) == "runs"
        assert area_of(Path("looks.py")) == area_of(Path("templates/ui/components/field.html")) == "frame"
        assert area_of(Path("templates/ui/frame.html")) == area_of(Path("frame/views.py")) == "frame"


class TestFormat:
    WORDS = {
        Text('say "yes"\n'): ('sag „ja"\n',),
        Text("%(n)s lane", "%(n)s lanes"): ("Spur", "Spuren"),
        Text("new"): ("",),
    }

    def test_what_is_written_is_read_again(self, tmp_path: Path) -> None:
        path = tmp_path / "x.po"
        path.write_text(translations.written(self.WORDS), encoding="utf-8")
        assert translations.read(path) == self.WORDS

    def test_gettext_reads_what_is_compiled(self) -> None:
        found = gettext.GNUTranslations(io.BytesIO(translations.compiled("de", self.WORDS)))
        assert found.gettext('say "yes"\n') == 'sag „ja"\n'
        assert [found.ngettext("%(n)s lane", "%(n)s lanes", n) for n in (1, 2)] == ["Spur", "Spuren"]
        assert found.gettext("new") == "new"


def test_words_are_told_in_german() -> None:
    with translation.override("de"):
        assert str(looks.look("failed").word) == "GESCHEITERT"
        assert words.relative(NOW - dt.timedelta(days=2), now=NOW) == "vor 2 T."
