"""The time of an attempt in all: connections are cut when it is over, and what fails then says so."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from jobs.errors import PermanentError, TransientError
from sinks import time_limits
from sinks.time_limits import hold, limited, present


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """A connection's two ends."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


class TestLimited:
    def test_what_waits_for_a_connection_fails_when_the_time_is_over(
        self, pair: tuple[socket.socket, socket.socket]
    ) -> None:
        def wait() -> None:
            hold(pair[0])
            if not pair[0].recv(1):  # which nobody sends
                raise ConnectionError("closed")

        with pytest.raises(TransientError, match=r"longer than its 0\.05 s in all"), limited(0.05):
            wait()

    def test_also_where_the_socket_has_become_another_one(self, pair: tuple[socket.socket, socket.socket]) -> None:
        with limited(0.05):
            hold(pair[0])
            wrapped = socket.socket(fileno=pair[0].detach())
            with wrapped:
                assert wrapped.recv(1) == b""

    def test_a_connection_that_others_go_on_with_is_left_alone(self, pair: tuple[socket.socket, socket.socket]) -> None:
        with limited(60) as limit:
            hold(pair[0])
            hold(pair[0])
            assert len(limit._held) == 1
        limit.cut()
        pair[1].sendall(b"x")
        assert pair[0].recv(1) == b"x"

    def test_once_it_is_over_nothing_is_begun(
        self, pair: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        clock = [0.0]
        monkeypatch.setattr(time_limits, "_now", lambda: clock[0])

        def take_long() -> None:
            clock[0] = 60.0
            hold(pair[0])

        with pytest.raises(TransientError) as caught, limited(60):
            take_long()
        assert caught.value.code == "timeout"

    def test_what_is_wrong_for_good_is_told_all_the_same(self, monkeypatch: pytest.MonkeyPatch) -> None:
        clock = [0.0]
        monkeypatch.setattr(time_limits, "_now", lambda: clock[0])

        def refuse() -> None:
            clock[0] = 61.0
            raise PermanentError("no")

        with pytest.raises(PermanentError, match="no"), limited(60):
            refuse()

    def test_errors_before_it_is_over_are_their_own(self) -> None:
        with pytest.raises(ConnectionError), limited(60):
            raise ConnectionError

    def test_what_tidies_up_has_a_time_of_its_own(self, monkeypatch: pytest.MonkeyPatch) -> None:
        clock = [0.0]
        monkeypatch.setattr(time_limits, "_now", lambda: clock[0])
        with limited(60) as outer:
            clock[0] = 61.0
            with limited(60) as inner:
                assert (present(), inner.is_over) == (inner, False)
            assert (present(), outer.is_over) == (outer, True)
        assert present() is None
