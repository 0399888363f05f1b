"""A notice in the shape that suits each kind of sink."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from structlog.testing import capture_logs

from sinks import email, http, log, webhook
from sinks.bodies import document
from sinks.content.configuration import ContentConfiguration
from sinks.content.encoding import Content
from sinks.content.names import name_of
from sinks.filling import fill, values_of
from tests.integration.http_payload.service import Service
from tests.integration.sinks.handmade import failure, notices
from tests.integration.sinks.mail_server import serving
from tests.integration.sinks.surroundings import surroundings

TEXT = "Run 7 of task:ping failed at 2026-11-21 12:00:05 UTC.\nReason: no <table>"


def opened(kind: Any, **configuration: Any) -> Any:
    return kind.open(kind.configuration.model_validate(configuration), surroundings())


class TestAWebhook:
    def test_has_the_event_for_its_type_and_the_notices_as_data(self, service: Service) -> None:
        opened(webhook.KIND, url=service.url("/ok")).deliver(notices())
        said = json.loads(service.seen[0].body)
        assert said["type"] == "run.failed"
        assert {name: said["data"][name] for name in ("id", "workspace", "rule", "event", "subject", "text")} == {
            "id": "dlv_9",
            "workspace": "acme",
            "rule": "on-call",
            "event": "run.failed",
            "subject": "task:ping failed",
            "text": TEXT,
        }
        [notice] = said["data"]["notices"]
        assert (notice["job"], notice["run"], notice["error"]) == ("task:ping", 7, "no <table>")
        headers = {name.lower(): value for name, value in service.seen[0].headers.items()}
        assert headers["webhook-id"] == "dlv_9"

    def test_holds_all_of_a_digest(self, service: Service) -> None:
        opened(webhook.KIND, url=service.url("/ok")).deliver(notices(failure(7), failure(8)))
        said = json.loads(service.seen[0].body)
        assert (said["type"], said["data"]["subject"]) == ("run.failed", "2 notices: 2 failed")
        assert [each["run"] for each in said["data"]["notices"]] == [7, 8]


class TestAMail:
    @pytest.mark.parametrize(
        ("how", "body"), [("plain", TEXT), ("html", f"<pre>{TEXT.replace('<', '&lt;').replace('>', '&gt;')}</pre>")]
    )
    def test_has_a_subject_and_a_text_of_its_own(self, how: str, body: str) -> None:
        with serving() as server:
            said = {
                "smtp": {"host": "127.0.0.1", "port": server.port, "security": "none"},
                "from": "jobs@example.com",
                "to": ["ann@example.com"],
                "subject": "results of {{ job }}",
                "results": "attachment",
                "format": how,
            }
            opened(email.KIND, **said).deliver(notices())
            [mail] = server.mails
        assert mail["Subject"] == "task:ping failed"
        assert mail.get_content().replace("\r\n", "\n").strip() == body
        assert not list(mail.iter_attachments())


class TestARequest:
    def test_can_say_it_in_the_shape_that_a_service_asks_for(self, service: Service) -> None:
        said = {"send_as": "form", "field": "payload", "fields": {"text": "{{ subject }}: {{ text }}"}}
        opened(http.KIND, url=service.url("/ok"), **said).deliver(notices())
        assert b"text=task%3Aping+failed%3A+Run+7" in service.seen[0].body


def test_a_line_of_a_log_is_the_notice() -> None:
    with capture_logs() as lines:
        opened(log.KIND, prefix="{{ event }} ").deliver(notices())
    [text] = [line["text"] for line in lines if line["event"] == "sink.said"]
    assert text.startswith("run.failed {")
    assert json.loads(text.removeprefix("run.failed "))["subject"] == "task:ping failed"


class TestAFile:
    def bytes_of(self, **configuration: Any) -> bytes:
        return b"".join(Content(notices(), ContentConfiguration(**configuration)).pieces())

    def test_has_a_line_a_notice(self) -> None:
        [line] = [json.loads(each) for each in self.bytes_of().splitlines()]
        assert (line["workspace"], line["job"], line["run"], line["event"]) == ("acme", "task:ping", 7, "run.failed")

    def test_is_one_document_where_that_is_asked_for(self) -> None:
        told = json.loads(self.bytes_of(format="json"))
        assert (told["rule"], len(told["notices"])) == ("on-call", 1)

    def test_has_the_columns_of_results(self, tmp_path: Path) -> None:
        [row] = csv.DictReader(io.StringIO(self.bytes_of(format="csv").decode()))
        assert (row["job"], row["run"], row["name"], row["state"]) == ("task:ping", "7", "run.failed", "failed")
        (tmp_path / "x.parquet").write_bytes(self.bytes_of(format="parquet"))
        [stored] = pq.read_table(tmp_path / "x.parquet").to_pylist()
        assert (stored["run"], json.loads(stored["result"])["text"]) == (7, TEXT)

    @pytest.mark.parametrize("template", [None, "{job}/{run}.{extension}"])
    def test_is_named_by_its_delivery(self, template: str | None) -> None:
        name = name_of(notices(), template=template, extension="jsonl")
        assert name == "acme/notices/2026-11-21/dlv_9.jsonl"

    def test_is_named_as_the_sink_says_where_that_names_deliveries(self) -> None:
        assert name_of(notices(), template="{date}/{delivery}.{extension}", extension="x") == "2026-11-21/dlv_9.x"


def test_a_message_lists_notices() -> None:
    told = json.loads(document(notices(), most_bytes=10_000))
    assert (told["rule"], told["notices"][0]["event"]) == ("on-call", "run.failed")


def test_texts_with_gaps_see_the_notice_and_what_a_result_has() -> None:
    parcel = notices()
    [notice] = parcel.records()
    values = values_of(parcel, notice)
    assert fill("{{ event }} {{ name }} {{ state }} {{ position }}", field="x", values=values) == (
        "run.failed run.failed failed 0"
    )
