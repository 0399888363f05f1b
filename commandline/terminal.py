"""What a terminal, a pipe and a file take: width, colour, and no character that does something there."""

from __future__ import annotations

import os
import re
import shutil
import sys
import unicodedata
from collections.abc import Mapping
from typing import TextIO

_COLOURS = {
    "succeeded": "32",
    "delivered": "32",
    "fired": "32",
    "active": "32",
    "ready": "32",
    "running": "36",
    "failed": "31",
    "dead": "31",
    "error": "31",
    "critical": "31",
    "disabled": "31",
    "cancelled": "33",
    "cancelling": "33",
    "paused": "33",
    "pausing": "33",
    "skipped": "33",
    "resting": "33",
    "warning": "33",
}
"""SGR codes (ECMA-48) of the words for states and levels."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""What moves a terminal's cursor or turns the direction of its text. What payloads log may hold anything."""


class Screen:
    """A stream that is written to, and what it can show."""

    def __init__(self, stream: TextIO, *, environment: Mapping[str, str]) -> None:
        self.stream = stream
        self.is_terminal = stream.isatty()
        no_colour = environment.get("NO_COLOR") or environment.get("TERM") == "dumb"  # Source: no-color.org
        self.coloured = self.is_terminal and not no_colour

    @property
    def width(self) -> int | None:
        """In columns, as it is now; None where nothing is cut."""
        return shutil.get_terminal_size().columns if self.is_terminal else None

    @property
    def ellipsis(self) -> str:
        """What stands for what was cut off, if the encoding has it."""
        try:
            "…".encode(self.stream.encoding or "ascii")
        except (UnicodeEncodeError, LookupError):
            return "..."
        return "…"

    def paint(self, word: str, text: str | None = None) -> str:
        """The text (or the word) in the colour of that word, where there are colours."""
        shown = word if text is None else text
        code = _COLOURS.get(word) if self.coloured else None
        return f"\x1b[{code}m{shown}\x1b[0m" if code else shown

    def write(self, text: str) -> None:
        """Write and flush, so that what reads along sees it now."""
        self.stream.write(text)
        self.stream.flush()


def plain(text: str) -> str:
    """The text on one line, with what a terminal would act upon made visible."""
    return _CONTROL.sub(_visible, text)


def width_of(text: str) -> int:
    """In columns: East Asian wide characters take two, combining ones none. Source: UAX #11."""
    return sum(_columns(character) for character in text)


def cut(text: str, width: int, *, ellipsis: str) -> str:
    """The text in at most so many columns."""
    if width_of(text) <= width:
        return text
    kept, room = "", width - len(ellipsis)
    for character in text:
        room -= _columns(character)
        if room < 0:
            break
        kept += character
    return (kept + ellipsis)[:width] if width < len(ellipsis) else kept + ellipsis


def forgiving_streams() -> None:
    """Let what the locale's encoding lacks be written as escapes: a name in Greek is no reason to fail."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def abandon_output() -> None:
    """Nobody reads on: let the interpreter's last flush go nowhere, or it would complain. Source: Python's signal module."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _visible(match: re.Match[str]) -> str:
    character = match.group()
    return " " if character in "\t\n\r" else f"\\x{ord(character):02x}"


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
