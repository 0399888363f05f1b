"""What the form of a schedule is made of: fields, groups of them, and lists of groups. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Read = Callable[[str], Any]
Write = Callable[[Any], str]


def as_text(value: Any) -> str:
    """As a person would write it."""
    return "" if value is None else str(value)


def number(text: str) -> Any:
    """Digits as a number; anything else as it is, for the engine to refuse in its own words."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else text


def comma_list(text: str) -> list[str]:
    """``a, b`` as two."""
    return [part.strip() for part in text.split(",") if part.strip()]


def joined(value: Any) -> str:
    """A list as one writes it in a line."""
    return ", ".join(map(str, value)) if isinstance(value, list) else as_text(value)


@dataclass(frozen=True, slots=True)
class Field:
    """One field.

    Args:
        path: Below its group, dotted.
        label: What it is called.
        help: What it does, in one line.
        widget: ``text``, ``number``, ``area``, ``select`` or ``check``.
        choices: Of a select: values and words.
        hint: What stands in it while it is empty.
        default: What it means that a document says nothing; for a check ``on`` or empty.
        begin: What a new one begins with, where that is something else.
        read: From text that is not empty to what stands in a document.
        write: The other way.
        suggestions: The id of a list that the browser completes from.
    """

    path: str
    label: Any
    help: Any = ""
    widget: str = "text"
    choices: tuple[tuple[str, Any], ...] = ()
    hint: str = ""
    default: str = ""
    begin: str = ""
    read: Read = str
    write: Write = as_text
    suggestions: str = ""

    def value(self, text: str) -> Any:
        """What the document is to say. Raises ValidationError for text of which nothing can be made."""
        return text == "on" if self.widget == "check" else self.read(text)

    def text(self, value: Any) -> str:
        """What the form shows of a document's value."""
        if self.widget == "check":
            return "on" if value else ""
        return self.write(value)


@dataclass(frozen=True, slots=True)
class Rows:
    """A list within a group: of groups, or of single fields, whose path is empty then.

    Args:
        name: Of the list.
        label: What it is called.
        add: What the button says that adds a row.
        row: What stands in each.
        help: What the list is for.
        least: So many rows a new one begins with.
    """

    name: str
    label: Any
    add: Any
    row: Group | Field
    help: Any = ""
    least: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """Fields, and lists below them.

    Args:
        fields: In the order in which they stand.
        lists: Below the fields.
        label: What it is called.
        help: What it is, in one line.
    """

    fields: tuple[Field, ...] = ()
    lists: tuple[Rows, ...] = ()
    label: Any = ""
    help: Any = ""
