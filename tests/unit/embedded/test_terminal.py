"""What people see: lines behind names, progress, ports."""

from __future__ import annotations

import io
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded.errors import StartError
from embedded.output import Output
from embedded.ports import free_port, wanted_port
from embedded.progress import ProgressDisplay


class Terminal(io.StringIO):
    """Something that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def run(state: str, *, done: int) -> dict[str, object]:
    return {"job": "task:a", "state": state, "counts": {"total": 4, "succeeded": done, "failed": 0, "cancelled": 0}}


@pytest.fixture
def output(tmp_path: Path) -> Iterator[Output]:
    collected = Output(tmp_path / "logs", terminal=io.StringIO())
    yield collected
    collected.close()


class TestOutput:
    def test_a_line_goes_to_its_own_private_log_and_behind_its_name_to_the_terminal(self, tmp_path: Path) -> None:
        screen = io.StringIO()
        output = Output(tmp_path / "logs", terminal=screen)
        output.line("web", "hello")
        output.line("beat", "tick")
        output.close()
        assert screen.getvalue() == "web      | hello\nbeat     | tick\n"
        assert (tmp_path / "logs" / "web.log").read_text() == "hello\n"
        assert stat.S_IMODE((tmp_path / "logs" / "web.log").stat().st_mode) == 0o600

    def test_a_line_for_each_message_is_kept_but_not_shown(self, tmp_path: Path) -> None:
        screen = io.StringIO()
        output = Output(tmp_path / "logs", terminal=screen)
        output.line("worker-1", "Task jobs.lane received [celery.worker.strategy]")
        output.close()
        assert screen.getvalue() == ""
        assert "received" in output.last_lines("worker-1")

    def test_a_start_begins_its_logs_anew(self, tmp_path: Path) -> None:
        for text in ("first start", "second start"):
            output = Output(tmp_path / "logs", terminal=None)
            output.line("web", text)
            output.close()
        assert output.last_lines("web") == "second start"

    def test_a_process_that_said_nothing_has_no_last_lines(self, output: Output) -> None:
        assert output.last_lines("web") == ""

    def test_names_are_coloured_in_a_terminal_unless_that_is_not_wanted(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        screen = Terminal()
        monkeypatch.delenv("NO_COLOR", raising=False)
        Output(tmp_path, terminal=screen).show("hello", name="web")
        monkeypatch.setenv("NO_COLOR", "1")
        Output(tmp_path, terminal=screen).show("hello", name="web")
        assert screen.getvalue() == "\x1b[36mweb      | \x1b[0mhello\nweb      | hello\n"


class TestProgressDisplay:
    def test_a_log_gets_a_line_for_each_change_of_state_only(self) -> None:
        screen = io.StringIO()
        display = ProgressDisplay(screen)
        for state, done in (("running", 1), ("running", 2), ("succeeded", 4)):
            display.show([run(state, done=done)])
        assert [line.split()[-1] for line in screen.getvalue().splitlines()] == ["running", "succeeded"]

    def test_a_terminal_is_redrawn_in_place(self) -> None:
        screen = Terminal()
        display = ProgressDisplay(screen)
        display.show([run("running", done=1), run("running", done=1)])
        display.show([run("running", done=2), run("running", done=3)])
        assert screen.getvalue().count("\x1b[2A\x1b[J") == 1
        assert "[############------------]    2/4" in screen.getvalue()


class TestPorts:
    def test_a_port_that_is_in_use_is_refused_with_another_one_to_take(self) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            with pytest.raises(StartError, match=r"is in use; choose another one: make up PORT=\d+"):
                wanted_port(str(taken.getsockname()[1]))

    @pytest.mark.parametrize("text", ["http", "0", "65536", "-1"])
    def test_what_is_no_port_is_refused(self, text: str) -> None:
        with pytest.raises(StartError, match="PORT must be a number from 1 to 65535"):
            wanted_port(text)

    def test_the_preferred_port_is_taken_when_it_is_free(self) -> None:
        port = free_port()
        assert free_port(preferred=port) == port
        assert wanted_port(str(port)) == port

    def test_another_one_is_taken_when_it_is_not(self) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            assert free_port(preferred=taken.getsockname()[1]) != taken.getsockname()[1]
