"""Calls, their retries, and what a refusal is told as."""

from __future__ import annotations

import datetime as dt
import email.utils
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from commandline.access import Access
from commandline.api import LONGEST_WAIT_SECONDS, TRIES, Api
from commandline.exits import Exit, Failure
from tests.free_ports import free_ports
from tests.unit.commandline.scripted import DROPPED, Answer, ScriptedServer, problem, scripted

OK = Answer(body={"results": []})


@contextmanager
def calling(*answers: Answer) -> Iterator[tuple[Api, ScriptedServer, list[float]]]:
    """An API that answers like that, and how long its client has waited each time."""
    waited: list[float] = []
    with scripted(*answers) as server, Api(server.access, sleep=waited.append) as api:
        yield api, server, waited


def refused(*answers: Answer) -> Failure:
    """What a GET comes to."""
    with calling(*answers) as (api, _, _), pytest.raises(Failure) as failure:
        api.get("jobs/")
    return failure.value


class TestAsking:
    def test_the_token_is_in_a_header_whatever_netrc_says(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / ".netrc").write_text("machine 127.0.0.1 login ann password other\n")
        (tmp_path / ".netrc").chmod(0o600)
        monkeypatch.setenv("HOME", str(tmp_path))
        with calling(OK) as (api, server, _):
            api.get("jobs/", limit=5, state=None)
        (asked,) = server.asked
        assert (asked.path, asked.headers["Authorization"]) == (
            "/api/v1/workspaces/demo/jobs/?limit=5",
            "Bearer jobs_a-token",
        )

    def test_a_redirect_is_not_followed_with_the_token(self) -> None:
        failure = refused(Answer(302, headers={"Location": "http://elsewhere/"}))
        assert (failure.code, "points to http://elsewhere/" in str(failure)) == (Exit.BROKEN, True)

    def test_an_answer_that_is_not_the_apis_is_told(self) -> None:
        failure = refused(Answer(body=b"<html>", headers={"Content-Type": "text/html"}))
        assert (failure.code, "is the address right?" in str(failure)) == (Exit.BROKEN, True)

    def test_as_many_pages_are_read_as_it_takes_on_this_address(self) -> None:
        pages = [
            Answer(body={"results": [{"id": 3}, {"id": 2}], "next": "http://wrong/behind/a/proxy/?after=2&limit=2"}),
            Answer(body={"results": [{"id": 1}], "next": None}),
        ]
        with calling(*pages) as (api, server, _):
            found = api.page("runs/", limit=3)
        assert ([entry["id"] for entry in found["results"]], found["next"]) == ([3, 2, 1], None)
        assert server.asked[1].path.endswith("/runs/?limit=1&after=2")


class TestTryingAgain:
    @pytest.mark.parametrize("status", [429, 502, 503, 504])
    def test_a_get_is_repeated_after_as_long_as_the_answer_asks(self, status: int) -> None:
        with calling(problem(status, "busy", Retry_After="7"), OK) as (api, server, waited):
            api.get("jobs/")
        assert (waited, len(server.asked)) == ([7.0], 2)

    def test_a_date_is_understood_too(self) -> None:
        soon = email.utils.format_datetime(dt.datetime.now(dt.UTC) + dt.timedelta(seconds=30), usegmt=True)
        with calling(problem(503, "busy", Retry_After=soon), OK) as (api, _, waited):
            api.get("jobs/")
        assert 20 < waited[0] <= 30

    @pytest.mark.parametrize("nonsense", ["", "soon", "-1", "Mon, 99 Foo 2026"])
    def test_nonsense_is_as_good_as_nothing(self, nonsense: str) -> None:
        with calling(problem(503, "busy", Retry_After=nonsense), OK) as (api, _, waited):
            api.get("jobs/")
        assert 0.5 <= waited[0] <= 0.75

    def test_each_wait_is_longer_and_the_last_answer_is_told(self) -> None:
        with calling(problem(503, "The database cannot be reached: try again.")) as (api, server, waited):
            with pytest.raises(Failure, match="The database cannot be reached") as failure:
                api.get("jobs/")
            assert (failure.value.code, len(server.asked)) == (Exit.UNREACHABLE, TRIES)
        assert (waited, len(waited)) == (sorted(waited), TRIES - 1)

    def test_nobody_waits_for_longer_than_a_minute(self) -> None:
        far = str(int(LONGEST_WAIT_SECONDS) + 1)
        with (
            calling(problem(429, "too many", Retry_After=far)) as (api, _, waited),
            pytest.raises(Failure, match=f"try again in {far} s"),
        ):
            api.get("jobs/")
        assert waited == []

    def test_a_lost_connection_is_made_again(self) -> None:
        with calling(DROPPED, OK) as (api, server, _):
            api.get("jobs/")
        assert len(server.asked) == 2

    @pytest.mark.parametrize("lost", [DROPPED, problem(503, "away"), problem(409, "under way", Retry_After="1")])
    def test_a_post_that_may_have_been_heeded_is_repeated_with_the_same_key(self, lost: Answer) -> None:
        with calling(lost, lost, OK) as (api, server, _):
            api.post("runs/1/rerun/")
        keys = [asked.headers["Idempotency-Key"] for asked in server.asked]
        assert (len(keys), len(set(keys)), keys[0].startswith("jobsctl-")) == (3, 1, True)

    def test_each_post_has_a_key_of_its_own_or_the_given_one(self) -> None:
        with calling(OK) as (api, server, _):
            for key in (None, None, "monday"):
                api.post("runs/1/rerun/", key=key)
        first, second, third = (asked.headers["Idempotency-Key"] for asked in server.asked)
        assert (first != second, third) == (True, "monday")

    def test_a_conflict_that_no_waiting_mends_is_told_at_once(self) -> None:
        with (
            calling(problem(409, "it is paused")) as (api, server, waited),
            pytest.raises(Failure, match="it is paused"),
        ):
            api.post("jobs/task:a/trigger/")
        assert (len(server.asked), waited) == (1, [])

    def test_one_that_never_left_is_repeated_and_known_not_to_be_heeded(self) -> None:
        (port,) = free_ports(1)
        waited: list[float] = []
        access = Access(f"http://127.0.0.1:{port}", "demo", "t")
        with Api(access, sleep=waited.append) as api, pytest.raises(Failure) as failure:
            api.post("runs/1/rerun/")
        assert (len(waited), "not known" in str(failure.value)) == (TRIES - 1, False)

    def test_one_that_was_lost_each_time_may_have_been_heeded(self) -> None:
        with calling(DROPPED) as (api, _, _), pytest.raises(Failure, match="look before you repeat it"):
            api.post("jobs/task:a/trigger/")

    def test_a_look_waits_no_longer_than_it_may(self) -> None:
        with calling(problem(503, "busy", Retry_After="7"), OK) as (api, server, waited):
            with pytest.raises(Failure, match="busy"):
                api.look("runs/7/", within_seconds=5)
            assert (waited, len(server.asked)) == ([], 1)
            api.look("runs/7/", within_seconds=60)

    def test_a_post_that_was_too_many_is(self) -> None:
        with calling(problem(429, "too many", Retry_After="1"), OK) as (api, server, waited):
            api.post("runs/1/rerun/")
        assert (len(server.asked), waited) == (2, [1.0])

    def test_where_nobody_listens_is_told_in_plain_words(self) -> None:
        (port,) = free_ports(1)
        with (
            Api(Access(f"http://127.0.0.1:{port}", "demo", "t"), sleep=lambda seconds: None) as api,
            pytest.raises(Failure) as failure,
        ):
            api.get("jobs/")
        assert (failure.value.code, str(failure.value)) == (
            Exit.UNREACHABLE,
            f"http://127.0.0.1:{port} cannot be reached",
        )


class TestRefusals:
    @pytest.mark.parametrize(
        ("status", "code"),
        [
            (400, Exit.REFUSED),
            (401, Exit.REFUSED),
            (403, Exit.REFUSED),
            (404, Exit.NOT_FOUND),
            (409, Exit.REFUSED),
            (410, Exit.NOT_FOUND),
            (412, Exit.REFUSED),
            (500, Exit.BROKEN),
            (504, Exit.UNREACHABLE),
        ],
    )
    def test_each_status_has_its_code(self, status: int, code: Exit) -> None:
        assert refused(problem(status, "no")).code is code

    def test_every_field_has_a_line(self) -> None:
        failure = refused(problem(400, "It was refused.", ("parameters.day", "expected a day"), ("", "too large")))
        assert str(failure) == "It was refused.\n  parameters.day: expected a day\n  the body: too large"

    def test_a_token_that_is_over_says_what_to_do(self) -> None:
        assert str(refused(problem(401, "it has expired"))) == "it has expired\nlog in again: jobsctl login"

    def test_a_proxys_page_is_told_by_its_status(self) -> None:
        failure = refused(Answer(403, b"<html>no</html>", {"Content-Type": "text/html"}))
        assert str(failure) == "the answer was 403 Forbidden"
