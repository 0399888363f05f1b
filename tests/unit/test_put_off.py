"""What is put off is done once, before the first look, whoever looks."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from jobs.put_off import PutOff


class TestPutOff:
    def test_it_is_done_once(self) -> None:
        done: list[str] = []
        off = PutOff()
        off.add(lambda: done.append("a"))
        off.add(lambda: done.append("b"))
        assert done == []
        off.do()
        off.do()
        assert done == ["a", "b"]

    def test_who_looks_meanwhile_waits_until_it_is_done(self) -> None:
        begun, may_end = threading.Event(), threading.Event()
        done: list[str] = []

        def task() -> None:
            begun.set()
            assert may_end.wait(10)
            done.append("task")

        def look() -> list[str]:
            off.do()
            return list(done)

        off = PutOff()
        off.add(task)
        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(off.do)
            assert begun.wait(10)
            second = pool.submit(look)
            time.sleep(0.05)  # Whoever does not wait has answered by now.
            may_end.set()
            first.result(10)
            assert second.result(10) == ["task"]

    def test_what_failed_is_tried_again(self) -> None:
        tries: list[int] = []

        def task() -> None:
            tries.append(len(tries))
            if len(tries) == 1:
                raise ImportError("not yet")

        off = PutOff()
        off.add(task)
        with pytest.raises(ImportError):
            off.do()
        off.do()
        off.do()
        assert tries == [0, 1]
