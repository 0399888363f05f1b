"""A batch: one payload that adds a call to its run for each item of a list, or each row of a CSV."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jobs.documents import parse_additions
from jobs.errors import PermanentError
from tests.integration.http_payload.calls import work
from tests.integration.http_payload.service import Service
from workers.payloads.http import batches
from workers.payloads.http.executor import EXECUTOR

URL = "https://example.com/{{ item.id | urlencode }}"


def expand(batch: dict[str, Any], *, run: dict[str, Any] | None = None, **more: Any) -> list[Any]:
    """The payloads that were added, as the engine takes them; the attempt makes no call."""
    attempt = work(URL, run=run, batch=batch, **more)
    assert EXECUTOR.perform(attempt) == {"added": len(attempt.added)}
    return parse_additions(attempt.added, job_type="task", run_is_strict=True, configuration={})


def items(added: list[Any]) -> list[Any]:
    return [payload["parameters"]["item"] for payload in added]


class TestTheItems:
    def test_may_be_a_list(self) -> None:
        added = expand({"list": [{"id": 1}, "two", None]}, headers={"X-Id": "{{ item.id }}"})
        assert items(added) == [{"id": 1}, "two", None]
        assert added[0] == {
            "kind": "http",
            "name": "first",
            "parameters": {"url": URL, "headers": {"X-Id": "{{ item.id }}"}, "item": {"id": 1}},
        }

    def test_may_be_rows_of_a_csv(self) -> None:
        added = expand({"csv": {"text": 'id;note\n1;"a;b"\n\n2;ü\n', "delimiter": ";"}, "name": "id"})
        assert items(added) == [{"id": "1", "note": "a;b"}, {"id": "2", "note": "ü"}]
        assert [payload["name"] for payload in added] == ["1", "2"]

    def test_may_be_rows_of_a_file_in_the_allowed_folders(self, tmp_path: Path, settings: Any) -> None:
        settings.JOBS_FILE_ROOTS = [tmp_path.resolve()]
        (tmp_path / "rows.csv").write_bytes("\ufeffid\r\n1\r\n2\r\n".encode())
        assert items(expand({"csv": {"path": "rows.csv"}})) == [{"id": "1"}, {"id": "2"}]

    def test_may_be_what_the_run_was_started_with(self) -> None:
        assert items(expand({"parameter": "orders"}, run={"orders": [{"id": 5}]})) == [{"id": 5}]

    def test_may_be_none(self) -> None:
        assert expand({"list": []}) == []

    def test_have_the_retry_and_the_timeout_that_the_batch_says(self) -> None:
        (added,) = expand({"list": [1], "retry": {"maximum_attempts": 7}, "timeout": "5s"})
        assert (added["retry"]["maximum_attempts"], added["timeout"]) == (7, "5s")


class TestTheCall:
    def test_fills_its_item_into_the_templates(self, service: Service) -> None:
        EXECUTOR.perform(
            work(
                service.url("/ok/{{ item.id | urlencode }}"),
                item={"id": "a b", "n": 3},
                method="POST",
                body={"json": {"n": "{{ item.n }}"}},
            )
        )
        assert service.seen[0].path == "/ok/a%20b"
        assert service.seen[0].body == b'{"n": "3"}'

    def test_never_reads_an_item_as_a_template(self, service: Service) -> None:
        EXECUTOR.perform(work(service.url("/ok"), item={"x": "{{ run.id }} {% if"}, headers={"X-It": "{{ item.x }}"}))
        assert service.seen[0].headers["X-It"] == "{{ run.id }} {% if"

    def test_names_what_its_item_lacks(self, service: Service) -> None:
        with pytest.raises(PermanentError, match=r"url: the template failed: item\.id is not given"):
            EXECUTOR.perform(work(service.url("/{{ item.id }}"), item={}))


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("batch", "why"),
        [
            ({"csv": {"text": "a,b\n1\n"}}, r"line 2 has 1 values, and the header has 2"),
            ({"csv": {"text": "a,a\n1,2\n"}}, "two columns have the same name"),
            ({"csv": {"text": 'a\n"open\n'}}, r"batch\.csv: line 2"),
            ({"parameter": "orders"}, "no list named 'orders'"),
            ({"csv": {"path": "/etc/passwd"}}, "JOBS_FILE_ROOTS"),
            ({"csv": {}}, "give one of text, path"),
            ({"list": [], "parameter": "a"}, "give exactly one of list, csv, parameter"),
        ],
    )
    def test_is_final_and_says_why(self, batch: dict[str, Any], why: str) -> None:
        attempt = work(URL, batch=batch)
        with pytest.raises(PermanentError, match=why):
            EXECUTOR.perform(attempt)

    def test_are_files_elsewhere_and_links_that_lead_there(self, tmp_path: Path, settings: Any) -> None:
        root, outside = tmp_path / "root", tmp_path / "outside.csv"
        root.mkdir()
        outside.write_text("a\n1\n")
        (root / "link.csv").symlink_to(outside)
        settings.JOBS_FILE_ROOTS = [root.resolve()]
        for path in ("link.csv", "../outside.csv", str(outside)):
            with pytest.raises(PermanentError, match="outside the folders"):
                expand({"csv": {"path": path}})
        with pytest.raises(PermanentError, match="there is no file"):
            expand({"csv": {"path": "none.csv"}})

    def test_are_more_items_than_a_run_takes_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(batches, "MAX_ITEMS", 2)
        with pytest.raises(PermanentError, match="more than 2 items"):
            expand({"csv": {"text": "a\n1\n2\n3\n"}})
