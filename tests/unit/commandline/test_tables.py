"""Tables on a wide terminal, a narrow one, a very narrow one, and in a pipe."""

from __future__ import annotations

import io

import pytest

from commandline.tables import Column, render
from commandline.terminal import Screen, cut, plain, width_of

COLUMNS = (
    Column("run", lambda entry: entry["id"], right=True),
    Column("state", lambda entry: entry["state"], painted=True),
    Column("description", lambda entry: entry["words"]),
)
ENTRIES = [
    {"id": 7, "state": "failed", "words": "loads the prices of all partners"},
    {"id": 1234, "state": "running", "words": None},
]


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


class Latin(Terminal):
    encoding = "iso-8859-1"


@pytest.fixture(autouse=True)
def _no_size_of_the_tests_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)


def lines(width: int, monkeypatch: pytest.MonkeyPatch, stream: io.StringIO | None = None) -> list[str]:
    """The table on a terminal of this width, without colours."""
    monkeypatch.setenv("COLUMNS", str(width))
    return list(render(COLUMNS, ENTRIES, screen=Screen(stream or Terminal(), environment={"NO_COLOR": "1"})))


class TestOnATerminal:
    def test_columns_are_as_wide_as_what_they_hold(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert lines(80, monkeypatch) == [
            " run  state    description",
            "   7  failed   loads the prices of all partners",
            "1234  running",
        ]

    def test_the_widest_is_cut_where_there_is_less_room(self, monkeypatch: pytest.MonkeyPatch) -> None:
        shown = lines(30, monkeypatch)
        assert shown[1] == "   7  failed   loads the pric…"
        assert max(map(width_of, shown)) == 30

    def test_sentences_are_cut_before_names(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("COLUMNS", "30")
        columns = (Column("name", lambda entry: entry["name"]), Column("why", lambda entry: entry["why"], prose=True))
        entry = {"name": "task:has-a-long-name", "why": "it was so"}
        shown = list(render(columns, [entry], screen=Screen(Terminal(), environment={})))
        assert shown[1] == "task:has-a-long-name  it was …"

    def test_an_encoding_without_the_ellipsis_gets_dots(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert lines(30, monkeypatch, Latin())[1] == "   7  failed   loads the pr..."

    def test_where_no_table_fits_there_is_a_line_for_each_value(self, monkeypatch: pytest.MonkeyPatch) -> None:
        shown = lines(20, monkeypatch)
        assert shown[:4] == ["run: 7", "state: failed", "description: loads …", ""]
        assert max(map(width_of, shown)) <= 20

    def test_states_are_coloured_and_the_columns_stay_straight(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("COLUMNS", "80")
        shown = list(render(COLUMNS, ENTRIES, screen=Screen(Terminal(), environment={"TERM": "xterm"})))
        assert shown[1] == "   7  \x1b[31mfailed\x1b[0m   loads the prices of all partners"


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_colours_can_be_refused(environment: dict[str, str]) -> None:
    assert Screen(Terminal(), environment=environment).paint("failed") == "failed"


def test_in_a_pipe_there_are_tabs_and_nothing_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "10")
    assert list(render(COLUMNS, ENTRIES, screen=Screen(io.StringIO(), environment={}))) == [
        "run\tstate\tdescription",
        "7\tfailed\tloads the prices of all partners",
        "1234\trunning\t",
    ]


class TestText:
    def test_what_would_move_the_cursor_is_made_visible(self) -> None:
        assert plain("a\x1b[2Jb\tc\nd\u202ee\x9b") == "a\\x1b[2Jb c d\\x202ee\\x9b"

    @pytest.mark.parametrize(("text", "width"), [("abc", 3), ("日本", 4), ("é", 1), ("e\u0301", 1)])
    def test_wide_and_combining_characters_have_their_width(self, text: str, width: int) -> None:
        assert width_of(text) == width

    def test_a_wide_character_is_not_cut_in_half(self) -> None:
        assert cut("日本語です", 6, ellipsis="…") == "日本…"
