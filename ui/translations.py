"""``python -m ui.translations``: collects the texts of the pages, and compiles what they are called in other languages.

Each area has a file of its own, ``ui/locale/<language>/words/<area>.po``, and what belongs to none is in ``frame.po``. They are
compiled into the one file that Django reads. Written here because a machine that has Python need not have GNU gettext.
Source: the GNU gettext manual, 10.3, "The Format of GNU MO Files".
"""

from __future__ import annotations

import ast
import re
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from django.utils.translation.template import templatize

UI = Path(__file__).parent
LOCALE = UI / "locale"
LANGUAGES = ("de",)
FRAME, DIALOGS = "frame", "dialogs"
SHARED_DIALOGS = [
    UI.parent / "jobs" / "admin" / f"{name}.py"
    for name in ("asking", "datasource_controls", "job_controls", "run_controls")
]
"""What the pages and the administration ask in the same words."""
_SINGULAR = {"_", "gettext", "gettext_lazy", "gettext_noop"}
_PLURAL = {"ngettext", "ngettext_lazy"}
_LITERAL = r"""u?('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
_CALL = re.compile(rf"\b(_|n?gettext)\(\s*{_LITERAL}(?:\s*,\s*{_LITERAL})?", re.DOTALL)
_HEADER = "Language: {}\nContent-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=(n != 1);\n"
_ENTRY = re.compile(
    r'^msgid ((?:".*"\n)+)(?:msgid_plural ((?:".*"\n)+))?((?:msgstr(?:\[\d\])? (?:".*"\n)+)+)', re.MULTILINE
)


class Text(NamedTuple):
    """What is to be translated; ``plural`` is empty where there is one form alone."""

    one: str
    plural: str = ""


Words = dict[Text, tuple[str, ...]]
"""Each text's translation, in as many forms as it has; empty strings for what has none yet."""


def texts_by_area(root: Path = UI) -> dict[str, list[Text]]:
    """All texts of the code and the templates, in their order, each in the first area that has it; the frame's come first."""
    found: dict[str, list[Text]] = {FRAME: []}
    files = sorted([*root.rglob("*.py"), *root.rglob("*.html")])
    areas = {path: area_of(path.relative_to(root)) for path in files} | dict.fromkeys(SHARED_DIALOGS, DIALOGS)
    for path in sorted(areas, key=lambda path: areas[path] != FRAME):
        own = found.setdefault(areas[path], [])
        known = {*own, *found[FRAME]}
        own += [text for text in dict.fromkeys(texts_of(path)) if text not in known]
    return {area: texts for area, texts in found.items() if texts}


def area_of(path: Path) -> str:
    """The area that a file of the app belongs to; the frame for what all share."""
    parts = path.parts[2:] if path.parts[:2] == ("templates", "ui") else path.parts
    shared = len(parts) < 2 or parts[0] in ("components", "templatetags", "static", "locale")
    return FRAME if shared else parts[0]


def texts_of(path: Path) -> Iterator[Text]:
    """The texts of one file."""
    source = path.read_text(encoding="utf-8")
    return _of_template(source) if path.suffix == ".html" else _of_code(source)


def _of_template(source: str) -> Iterator[Text]:
    for name, one, plural in _CALL.findall(templatize(source)):
        yield Text(ast.literal_eval(one), ast.literal_eval(plural) if name == "ngettext" and plural else "")


def _of_code(source: str) -> Iterator[Text]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            said = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
            if node.func.id in _SINGULAR and said:
                yield Text(str(said[0]))
            elif node.func.id in _PLURAL and len(said) > 1:
                yield Text(str(said[0]), str(said[1]))


def read(path: Path) -> Words:
    """The words of a file; none where there is no file."""
    if not path.exists():
        return {}
    found = _ENTRY.findall(path.read_text(encoding="utf-8"))
    return {Text(_unquoted(one), _unquoted(plural)): tuple(_forms(said)) for one, plural, said in found}


def written(words: Words) -> str:
    """The text of such a file."""
    return "\n".join(_entry(text, forms) for text, forms in words.items())


def compiled(language: str, words: Words) -> bytes:
    """What Django reads: the translated ones, in the format of GNU gettext."""
    entries = {"": _HEADER.format(language)} | {
        text.one + ("\0" + text.plural if text.plural else ""): "\0".join(forms)
        for text, forms in words.items()
        if all(forms)
    }
    ordered = sorted((key.encode(), value.encode()) for key, value in entries.items())
    keys_at = 7 * 4 + 16 * len(ordered)
    values_at = keys_at + sum(len(key) + 1 for key, _ in ordered)
    header = struct.pack("<7I", 0x950412DE, 0, len(ordered), 28, 28 + 8 * len(ordered), 0, 0)
    tables = _table((key for key, _ in ordered), keys_at) + _table((value for _, value in ordered), values_at)
    return (
        header + tables + b"".join(key + b"\0" for key, _ in ordered) + b"".join(value + b"\0" for _, value in ordered)
    )


def all_words(language: str) -> Words:
    """Those of all areas; the frame's count where two areas differ."""
    paths = sorted((LOCALE / language / "words").glob("*.po"), key=lambda path: path.stem == FRAME)
    return {text: forms for path in paths for text, forms in read(path).items()}


def target(language: str) -> Path:
    """The file that Django reads."""
    return LOCALE / language / "LC_MESSAGES" / "django.mo"


def update(language: str) -> None:
    """Write all files anew: with the texts that there are now, and what is known of them."""
    known = all_words(language)
    for area, texts in texts_by_area().items():
        path = LOCALE / language / "words" / f"{area}.po"
        own = known | {text: forms for text, forms in read(path).items() if all(forms)}
        words = {text: own.get(text, ("", "") if text.plural else ("",)) for text in texts}
        path.write_text(written(words), encoding="utf-8")
    target(language).parent.mkdir(parents=True, exist_ok=True)
    target(language).write_bytes(compiled(language, all_words(language)))


def _table(values: Iterable[bytes], at: int) -> bytes:
    rows = b""
    for value in values:
        rows += struct.pack("<2I", len(value), at)
        at += len(value) + 1
    return rows


def _entry(text: Text, forms: tuple[str, ...]) -> str:
    if not text.plural:
        return f"msgid {_quoted(text.one)}\nmsgstr {_quoted(forms[0])}\n"
    said = "".join(f"msgstr[{n}] {_quoted(form)}\n" for n, form in enumerate(forms))
    return f"msgid {_quoted(text.one)}\nmsgid_plural {_quoted(text.plural)}\n{said}"


def _forms(said: str) -> list[str]:
    return [_unquoted(form) for form in re.split(r"^msgstr(?:\[\d\])? ", said, flags=re.MULTILINE)[1:]]


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _unquoted(quoted: str) -> str:
    inner = "".join(line.strip()[1:-1] for line in quoted.splitlines())
    return re.sub(r"\\(.)", lambda match: "\n" if match[1] == "n" else match[1], inner)


if __name__ == "__main__":
    for each in LANGUAGES:
        update(each)
