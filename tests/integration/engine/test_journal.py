"""What payloads say: kept with the run, in order, and never a reason for them to fail."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from jobs import claims
from jobs.claims import Leased
from jobs.models import LogLine
from tests.integration.engine.conftest import Broker
from tests.integration.engine.makers import counts, fresh, lease, make_run, scripts, take
from tests.integration.engine.scripted import Clock, ScriptedExecutor
from workers import journal
from workers.heartbeat import Held
from workers.journal import Journal
from workers.log_writer import log_writer

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]


def lines() -> list[tuple[int, int, str]]:
    """(position, attempt, message) in the order kept."""
    return list(LogLine.objects.order_by("id").values_list("position", "attempt", "message"))


@pytest.fixture
def speaking() -> tuple[Journal, Held, Any]:
    """A journal whose first payload is at work: journal, what the heartbeat shows, and what the payload was given."""
    run = make_run(scripts({}))
    lane = take(run)
    (payload,) = lease(lane, 1).payloads
    held = Held(lane)
    kept = Journal(run_id=run.pk, held=held)
    return kept, held, kept.surroundings(payload)


class TestLines:
    def test_they_are_kept_with_position_and_attempt_in_order(self, broker: Broker) -> None:
        run = make_run(
            scripts({"says": ["a", "b"]}, {"says": ["c"], "fails": 1}), max_concurrent_requests=1, strict=True
        )
        broker.deliver_all()
        assert lines() == [(0, 1, "a"), (0, 1, "b"), (1, 1, "c"), (1, 2, "c")]
        line = LogLine.objects.first()
        assert line is not None
        assert (line.run_id, line.level) == (run.pk, "info")
        started_at = fresh(run).started_at
        assert started_at is not None
        assert line.at >= started_at

    def test_they_can_be_read_before_the_payload_ends(self, speaking: tuple[Journal, Held, Any], clock: Clock) -> None:
        _, _, surroundings = speaking
        surroundings.log("info", "first")
        assert lines() == []
        clock.now += 1.1
        surroundings.log("info", "second")
        assert [message for _, _, message in lines()] == ["first", "second"]

    def test_a_payload_that_says_no_more_can_be_read_all_the_same(self, speaking: tuple[Journal, Held, Any]) -> None:
        _, _, surroundings = speaking
        surroundings.log("info", "only this")
        log_writer().write()
        assert [message for _, _, message in lines()] == ["only this"]
        log_writer().write()
        assert len(lines()) == 1

    def test_what_the_writer_cannot_write_it_writes_in_its_next_pass(
        self, speaking: tuple[Journal, Held, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _, _, surroundings = speaking
        surroundings.log("info", "first")
        with monkeypatch.context() as away:
            away.setattr(claims, "keep_log", lambda **_: (_ for _ in ()).throw(psycopg.OperationalError("away")))
            log_writer().write()
        surroundings.log("info", "second")
        assert lines() == []
        log_writer().write()
        assert [message for _, _, message in lines()] == ["first", "second"]

    def test_a_chatty_attempt_does_not_silence_the_next(
        self, speaking: tuple[Journal, Held, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        kept, _, surroundings = speaking
        monkeypatch.setattr(journal, "MAX_LINES_OF_ATTEMPT", 2)
        for number in range(5):
            surroundings.log("info", str(number))
        kept.flush()
        assert [message for _, _, message in lines()][2] == "more than 2 lines: the rest of this attempt is dropped"
        kept.surroundings(Leased(0, "scripted", "", {}, None)).log("info", "next")
        kept.flush()
        assert [message for _, _, message in lines()][3:] == ["next"]

    def test_what_the_database_cannot_hold_is_replaced(self, speaking: tuple[Journal, Held, Any]) -> None:
        kept, _, surroundings = speaking
        surroundings.log("a-level-of-our-own", "nul \x00, half \ud800, " + "x" * 5000)
        kept.flush()
        line = LogLine.objects.get()
        assert line.message.startswith("nul \ufffd, half \ufffd, xxx")
        assert (len(line.message), line.level) == (4000, "a-level-of")

    def test_beyond_the_limit_one_line_says_that_the_rest_is_dropped(
        self, speaking: tuple[Journal, Held, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        kept, _, surroundings = speaking
        monkeypatch.setattr(journal, "MAX_LINES", 3)
        for number in range(10):
            surroundings.log("info", str(number))
        kept.flush()
        assert [message for _, _, message in lines()] == ["0", "1", "2", "more than 3 lines: the rest is dropped"]

    def test_with_the_database_away_they_wait_and_the_payload_does_not_fail(
        self, broker: Broker, scripted: ScriptedExecutor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run = make_run(scripts({"says": ["a"]}, {"says": ["b"]}), max_concurrent_requests=1, strict=True)
        real, away = claims.keep_log, iter([True, True])

        def keep_log(**arguments: Any) -> None:
            if next(away, False):
                raise psycopg.OperationalError("the server is restarting")
            real(**arguments)

        monkeypatch.setattr(claims, "keep_log", keep_log)
        broker.deliver_all()
        assert counts(run) == (2, 0, 0)
        assert [message for _, _, message in lines()] == ["a", "b"]


class TestProgress:
    def test_it_is_what_the_heartbeat_shows(self, speaking: tuple[Journal, Held, Any], clock: Clock) -> None:
        _, held, surroundings = speaking
        surroundings.progress(current=3, unit="rows")
        known = {"current": 3, "total": None, "unit": "rows", "rate": None, "expected_end_at": None}
        assert held.progress == known
        clock.now += 2
        surroundings.progress(current=7, unit="rows")
        assert held.progress == {**known, "current": 7, "rate": 2.0}

    def test_a_number_that_json_cannot_hold_is_left_out(self, speaking: tuple[Journal, Held, Any]) -> None:
        _, held, surroundings = speaking
        surroundings.progress(current=3, total=float("inf"), unit="\x00")
        known = {"current": 3, "total": None, "unit": "\ufffd", "rate": None, "expected_end_at": None}
        assert held.progress == known
        surroundings.progress(current=float("nan"))
        assert held.progress == known

    def test_an_attempt_does_not_inherit_the_rate_of_the_one_before(
        self, speaking: tuple[Journal, Held, Any], clock: Clock
    ) -> None:
        kept, held, surroundings = speaking
        surroundings.progress(current=0)
        clock.now += 1
        surroundings.progress(current=100)
        kept.surroundings(Leased(0, "scripted", "", {}, None)).progress(current=200)
        assert held.progress is not None
        assert held.progress["rate"] is None
