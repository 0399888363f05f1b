"""Waiting for runs to end: one question for all who wait."""

from __future__ import annotations

import queue
from collections.abc import Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import psycopg
import pytest

from jobs.services.awaiting import Endings


class Database:
    """Answers each question when the test says so."""

    def __init__(self) -> None:
        self.asked: queue.Queue[set[int]] = queue.Queue()
        self.answers: queue.Queue[Collection[int] | Exception] = queue.Queue()

    def __call__(self, run_ids: Collection[int]) -> Collection[int]:
        self.asked.put(set(run_ids))
        answer = self.answers.get(timeout=30)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def database() -> Database:
    return Database()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as threads:
        yield threads


def waits(pool: ThreadPoolExecutor, endings: Endings, run_id: int) -> Future[bool]:
    return pool.submit(endings.wait, run_id=run_id, seconds=30)


def test_one_question_is_for_all_who_wait(pool: ThreadPoolExecutor, database: Database) -> None:
    endings = Endings(database, pause=0)
    both = [waits(pool, endings, 1), waits(pool, endings, 2)]
    while database.asked.get(timeout=30) != {1, 2}:
        database.answers.put([])  # The second has not come yet.
    database.answers.put([1, 2])
    assert [waiting.result(timeout=30) for waiting in both] == [True, True]
    assert database.asked.empty()


def test_who_waits_for_another_run_goes_on_waiting(pool: ThreadPoolExecutor, database: Database) -> None:
    endings = Endings(database, pause=0)
    first, second = waits(pool, endings, 1), waits(pool, endings, 2)
    while database.asked.get(timeout=30) != {1, 2}:
        database.answers.put([])
    database.answers.put([2])
    assert second.result(timeout=30) is True
    assert (database.asked.get(timeout=30), first.done()) == ({1}, False)
    database.answers.put([1])
    assert first.result(timeout=30) is True


def test_nothing_is_asked_when_nobody_waits_any_more(pool: ThreadPoolExecutor, database: Database) -> None:
    endings = Endings(database, pause=0)
    for run_id in (1, 2):
        waiting = waits(pool, endings, run_id)
        assert database.asked.get(timeout=30) == {run_id}
        database.answers.put([run_id])
        assert waiting.result(timeout=30) is True
    assert database.asked.empty()


def test_a_database_that_is_away_ends_nobodys_wait(pool: ThreadPoolExecutor, database: Database) -> None:
    endings = Endings(database, pause=0)
    waiting = waits(pool, endings, 1)
    database.answers.put(psycopg.OperationalError("away"))
    database.answers.put([1])
    assert waiting.result(timeout=30) is True
