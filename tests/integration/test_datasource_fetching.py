"""Sources of every kind: files packed and many, URLs, REST services, databases."""

# ruff: noqa: PLR0917 - a test's parameters are its fixtures, and come by name

from __future__ import annotations

import bz2
import datetime as dt
import gzip
import http.server
import itertools
import json
import lzma
import os
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyarrow
import pyarrow.json
import pyarrow.parquet
import pytest
from psycopg.conninfo import conninfo_to_dict

from jobs.errors import PermanentError, TransientError
from tests.integration.child_work import wait_for
from tests.integration.ingest_loads import Loads
from workers.ingest import egress, files_out, json_source, outputs, reading
from workers.ingest.fetch import http as http_fetch
from workers.ingest.fetch import rest as rest_fetch
from workers.ingest.fetch import room, s3
from workers.ingest.fetch.database import as_batch
from workers.ingest.fetch.files import cut
from workers.ingest.fetch.spool import Spool
from workers.ingest.preview import first_rows
from workers.ingest.spec import Cursor, Generated, HttpAccess, Pages, Rest, S3Access, Source, Sql, Target
from workers.payloads.datasource.building import source_spec
from workers.payloads.datasource.parameters import DatasourceParameters

LOOPBACK = ["127.0.0.0/8"]
ITEMS = [{"id": n, "at": f"2026-01-{n:02}"} for n in range(1, 11)]


@pytest.fixture
def loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Loads:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return Loads(Target(kind="duckdb", table="t", path=str(tmp_path / "a.duckdb")), tmp_path)


class Service(http.server.BaseHTTPRequestHandler):
    """Ten items in pages, in every way of paging; some files; and an account of what was asked."""

    asked: list[tuple[str, dict[str, str]]]
    files: dict[str, bytes]
    busy: int
    missing_bytes: int

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        self.asked.append((self.path, dict(self.headers.items())))
        if type(self).busy:
            type(self).busy -= 1
            self._answer(503, b"busy")
        elif parts.path in self.files:
            self._answer(200, self.files[parts.path], **({"Content-Encoding": "gzip"} if "marked" in query else {}))
        elif parts.path == "/away":
            self._answer(302, b"", Location=query["to"])
        else:
            self._page(parts.path, query)

    def _page(self, path: str, query: dict[str, str]) -> None:
        host = f"http://{self.headers['Host']}"
        since = query.get("since", "")
        items = [item for item in ITEMS if str(item["at"]) > since]
        start = int(query.get("offset", 0)) + 4 * (int(query.get("page", 1)) - 1) + int(query.get("after", 0))
        page, rest = items[start : start + 4], start + 4 < len(items)
        body: dict[str, Any] = {"data": {"items": page}}
        headers = {}
        if path == "/cursor" and rest:
            body["next"] = start + 4
        if path == "/link" and rest:
            body["next"] = f"/link?after={start + 4}"
        if path == "/header" and rest:
            headers["Link"] = f'<{host}/header?after={start + 4}>; rel="next"'
        if path == "/loop":
            body["next"] = "/loop"
        if path == "/elsewhere":
            body["next"] = "http://another.example/"
        self._answer(200, json.dumps(body).encode(), **headers)

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body) + self.missing_bytes)}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None: ...


@pytest.fixture
def service() -> Iterator[type[Service]]:
    class Mine(Service):
        asked: list[tuple[str, dict[str, str]]] = []
        files: dict[str, bytes] = {}
        busy = missing_bytes = 0
        url = ""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Mine) as server:
        Mine.url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield Mine
        server.shutdown()


def zstd(data: bytes) -> bytes:
    """Packed as ``zstd`` does it."""
    packed = pyarrow.BufferOutputStream()
    with pyarrow.output_stream(packed, compression="zstd") as stream:
        stream.write(data)
    return bytes(packed.getvalue())


def rest(service: Any, path: str, pages: Pages = Pages(), **source: Any) -> Source:  # noqa: B008 - frozen
    wanted = Rest(url=service.url + path, records="data.items", pages=pages, since=source.pop("since", ""))
    return Source(rest=wanted, allow=LOOPBACK, **source)


class TestFiles:
    @pytest.mark.parametrize(
        ("compression", "pack"),
        [("gzip", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress), ("zstd", zstd)],
    )
    @pytest.mark.parametrize(
        ("format", "text"),
        [("csv", "id\n1\n2\n"), ("jsonl", '{"id": 1}\n{"id": 2}\n'), ("json", '[{"id": 1}, {"id": 2}]')],
    )
    def test_packed_files_are_read(
        self, loads: Loads, tmp_path: Path, compression: Any, pack: Callable[[bytes], bytes], format: str, text: str
    ) -> None:
        (tmp_path / "packed").write_bytes(pack(text.encode()))
        result = loads.load(Source(path=str(tmp_path / "packed"), format=format, compression=compression))
        assert result["source_bytes"] == (tmp_path / "packed").stat().st_size
        assert loads.stored() == [(1,), (2,)]

    @pytest.mark.parametrize("format", ["csv", "json"])
    @pytest.mark.parametrize(
        ("compression", "pack"), [("gzip", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress), ("zstd", zstd)]
    )
    def test_one_that_was_cut_off_is_not_taken_for_a_whole_one(
        self, loads: Loads, tmp_path: Path, compression: Any, pack: Callable[[bytes], bytes], format: str
    ) -> None:
        lines = "id\n" if format == "csv" else ""
        packed = pack("".join([lines, *(f"{n * 7919 % 10_007}\n" for n in range(100_000))]).encode())
        (tmp_path / "packed").write_bytes(packed[: len(packed) // 2])
        with pytest.raises((PermanentError, TransientError), match=r"no whole \w+ file|Unexpected end of GZIP stream"):
            loads.load(Source(path=str(tmp_path / "packed"), format=format, compression=compression))

    def test_several_files_are_one_table_by_their_columns_names(self, loads: Loads, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_text("id,a\n1,x\n")
        (tmp_path / "b.csv").write_text("b,id\ny,2\n")
        loads.load(Source(paths=[str(tmp_path / "a.csv"), str(tmp_path / "b.csv")], format="csv"))
        assert loads.stored("id, a, b") == [(1, "x", None), (2, None, "y")]

    def test_columns_are_dropped_renamed_and_typed(self, loads: Loads, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_text("id,When,extra\n1,1517966773,x\n")
        source = Source(
            path=str(tmp_path / "a.csv"), format="csv", drop=["extra"], rename={"When": "at"}, types={"at": "epoch_s"}
        )
        result = loads.load(source)
        assert result["columns"] == {"id": "BIGINT", "at": "TIMESTAMP WITH TIME ZONE"}

    def test_only_so_many_rows_are_read(self, loads: Loads, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_text("id\n" + "".join(f"{n}\n" for n in range(100)))
        result = loads.load(Source(path=str(tmp_path / "a.csv"), format="csv", limit_rows=7))
        assert result["rows"]["input"] == 7

    @pytest.mark.parametrize("change", [{"drop": ["b"]}, {"rename": {"b": "c"}}])
    def test_columns_that_are_not_there_are_named(self, loads: Loads, tmp_path: Path, change: dict[str, Any]) -> None:
        (tmp_path / "a.csv").write_text("a\n1\n")
        with pytest.raises(PermanentError, match=r"source\.(drop|rename) names 'b', which the source does not have"):
            loads.load(Source(path=str(tmp_path / "a.csv"), format="csv", **change))

    def test_two_columns_cannot_have_one_name(self, loads: Loads, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_text("a,b\n1,2\n")
        with pytest.raises(PermanentError, match="gives two columns the name 'b'"):
            loads.load(Source(path=str(tmp_path / "a.csv"), format="csv", rename={"a": "b"}))


class TestUrls:
    def test_a_file_is_downloaded_with_its_headers(self, loads: Loads, service: Any) -> None:
        service.files["/a.csv"] = b"id\n1\n"
        access = HttpAccess({"Authorization": "Bearer top"}, {"key": "k"})
        loads.load(Source(path=f"{service.url}/a.csv", format="csv", http=access, allow=LOOPBACK))
        path, headers = service.asked[0]
        assert (path, headers["Authorization"]) == ("/a.csv?key=k", "Bearer top")
        assert loads.stored() == [(1,)]

    @pytest.mark.parametrize("compression", ["gzip", "none"])
    def test_a_packed_file_whose_server_calls_its_answer_packed_is_unpacked_once(
        self, loads: Loads, service: Any, compression: Any
    ) -> None:
        service.files["/a.csv.gz"] = gzip.compress(b"id\n1\n")
        source = Source(
            path=f"{service.url}/a.csv.gz?marked=yes", format="csv", compression=compression, allow=LOOPBACK
        )
        loads.load(source)
        assert loads.stored() == [(1,)]

    def test_one_that_breaks_off_is_tried_again(self, loads: Loads, service: Any) -> None:
        service.files["/a.csv"], service.missing_bytes = b"id\n1\n", 3
        with pytest.raises(TransientError, match="broke off") as caught:
            loads.load(Source(path=f"{service.url}/a.csv?key=top", format="csv", allow=LOOPBACK))
        assert (caught.value.code, "top" in str(caught.value)) == ("source", False)

    def test_an_address_that_is_not_open_is_refused(self, loads: Loads, service: Any) -> None:
        with pytest.raises(PermanentError, match=r"127\.0\.0\.1 \(loopback\) is not open to datasources") as caught:
            loads.load(Source(path=f"{service.url}/a.csv", format="csv"))
        assert caught.value.code == "egress_refused"
        assert service.asked == []

    def test_a_redirect_cannot_lead_there_either(self, loads: Loads, service: Any) -> None:
        port = service.url.rpartition(":")[2]
        source = Source(path=f"{service.url}/away?to=http://127.0.0.2:{port}/", format="csv", allow=["127.0.0.1/32"])
        with pytest.raises(PermanentError, match=r"127\.0\.0\.2 \(loopback\)"):
            loads.load(source)

    def test_credentials_do_not_follow_a_redirect_to_another_host(self, loads: Loads, service: Any) -> None:
        service.files["/a.csv"] = b"id\n1\n"
        there = service.url.replace("127.0.0.1", "localhost")
        access = HttpAccess({"X-Api-Key": "top"}, {})
        source = Source(
            path=f"{service.url}/away?to={there}/a.csv", format="csv", http=access, allow=[*LOOPBACK, "::1/128"]
        )
        loads.load(source)
        assert [headers.get("X-Api-Key") for _, headers in service.asked] == ["top", None]

    @pytest.mark.parametrize(("status", "expected"), [(404, PermanentError), (503, TransientError)])
    def test_what_the_server_says_tells_whether_to_try_again(
        self, loads: Loads, service: Any, monkeypatch: pytest.MonkeyPatch, status: int, expected: type[Exception]
    ) -> None:
        monkeypatch.setattr(service, "do_GET", lambda handler: handler._answer(status, b""))
        monkeypatch.setattr(http_fetch, "_TRIES", http_fetch._TRIES.new(backoff_factor=0))
        with pytest.raises(expected, match=f"answered {status}"):
            loads.load(Source(path=f"{service.url}/a.csv?key=top", format="csv", allow=LOOPBACK))

    def test_a_busy_moment_is_waited_for(self, loads: Loads, service: Any) -> None:
        service.files["/a.csv"], service.busy = b"id\n1\n", 1
        loads.load(Source(path=f"{service.url}/a.csv", format="csv", allow=LOOPBACK))
        assert len(service.asked) == 2

    def test_an_s3_service_that_is_not_open_is_refused_too(self, loads: Loads) -> None:
        source = Source(
            path="s3://bucket/a.csv", format="csv", s3=S3Access("http://127.0.0.1:1", "us-east-1", "k", "s")
        )
        with pytest.raises(PermanentError, match=r"127\.0\.0\.1 \(loopback\)") as caught:
            loads.load(source)
        assert caught.value.code == "egress_refused"

    @pytest.mark.parametrize("driver", ["postgresql+psycopg", "mysql+pymysql"])
    def test_a_database_that_is_not_open_is_refused_before_it_is_connected_to(self, loads: Loads, driver: str) -> None:
        with pytest.raises(PermanentError, match=r"127\.0\.0\.1 \(loopback\)") as caught:
            loads.load(Source(sql=Sql(url=f"{driver}://u:p@127.0.0.1:1/d", table="t")))
        assert caught.value.code == "egress_refused"

    @pytest.mark.parametrize(
        "target",
        [
            Target(kind="sqlalchemy", table="t", url="postgresql+psycopg://u:p@127.0.0.1:1/d"),
            Target(kind="postgresql", table="t", schema="s", conninfo="host=127.0.0.1 port=1 dbname=d"),
        ],
    )
    def test_so_is_a_destination_by_loads_and_by_operations(self, loads: Loads, target: Target) -> None:
        loads.target = target
        ways: list[Callable[[], object]] = [lambda: loads.rows({"id": 1}), lambda: outputs.check(target=target)]
        for reach in ways:
            with pytest.raises(PermanentError, match=r"127\.0\.0\.1 \(loopback\)"):
                reach()
        loads.target = replace(target, allow=LOOPBACK)
        with pytest.raises(TransientError, match=r"[Cc]onnection refused"):
            loads.rows({"id": 1})

    def test_a_server_is_connected_to_by_the_addresses_that_were_looked_at(self) -> None:
        pinned = egress.pinned("host=localhost port=1 dbname=d", allow=[*LOOPBACK, "::1/128"])
        parts = conninfo_to_dict(pinned)
        hosts, addresses = str(parts["host"]).split(","), str(parts["hostaddr"]).split(",")
        assert set(addresses) <= {"127.0.0.1", "::1"}
        assert hosts == ["localhost"] * len(addresses)
        assert egress.pinned("host=/run/postgresql dbname=d", allow=[]) == "host=/run/postgresql dbname=d"

    def test_a_host_that_is_nowhere_may_come_back(self) -> None:
        with pytest.raises(TransientError, match="cannot be looked up"):
            egress.pinned("host=nowhere.invalid dbname=d", allow=[])

    def test_outside_of_it_nothing_is_refused(self) -> None:
        with egress.only([]):
            pass
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", 1), timeout=1)


class TestPreviews:
    @pytest.mark.parametrize(("format", "line"), [("csv", "{}\n"), ("jsonl", '{{"id": {}}}\n')])
    def test_no_more_is_fetched_than_the_first_lines(
        self, loads: Loads, service: Any, monkeypatch: pytest.MonkeyPatch, format: str, line: str
    ) -> None:
        monkeypatch.setattr(reading, "FIRST_BYTES", 1000)
        monkeypatch.setattr(http_fetch, "CHUNK_BYTES", 100)
        lines = "".join(line.format(n) for n in range(1000))
        service.files["/a"] = (("id\n" if format == "csv" else "") + lines + '"neither, nor').encode()
        source = Source(path=f"{service.url}/a", format=format, allow=LOOPBACK)
        shown = first_rows(source, rows=2, memory_limit_mb=256, channel=loads.heard)
        assert shown["rows"] == [{"id": 0}, {"id": 1}]
        with pytest.raises(PermanentError):
            loads.load(source)

    @pytest.mark.parametrize(
        ("text", "kept"), [(b"a\nb\nc", b"a\nb\n"), (b"a\n", b"a\n"), (b"abc", b"abc"), (b"\n" + b"x" * 200_000, b"\n")]
    )
    def test_a_line_that_was_not_fetched_whole_is_dropped(self, tmp_path: Path, text: bytes, kept: bytes) -> None:
        (tmp_path / "a").write_bytes(text)
        cut(tmp_path / "a")
        assert (tmp_path / "a").read_bytes() == kept


class TestRest:
    @pytest.mark.parametrize(
        ("path", "pages"),
        [
            ("/cursor", Pages(by="cursor", path="next", parameter="after")),
            ("/link", Pages(by="next_link", path="next")),
            ("/header", Pages(by="link_header")),
            ("/page", Pages(by="page", parameter="page")),
            ("/page", Pages(by="page", parameter="page", size_parameter="size", size=4)),
            ("/offset", Pages(by="offset", parameter="offset")),
        ],
    )
    def test_every_page_is_read_once(self, loads: Loads, service: Any, path: str, pages: Pages) -> None:
        result = loads.load(rest(service, path, pages))
        assert result["rows"]["input"] == 10
        assert [row[0] for row in sorted(loads.query("SELECT id FROM t"))] == list(range(1, 11))

    def test_without_pages_the_first_answer_is_all(self, loads: Loads, service: Any) -> None:
        assert loads.load(rest(service, "/cursor"))["rows"]["input"] == 4

    def test_pages_end_where_the_job_says(self, loads: Loads, service: Any) -> None:
        pages = Pages(by="cursor", path="next", parameter="after", most=2)
        assert loads.load(rest(service, "/cursor", pages))["rows"]["input"] == 8

    def test_no_more_pages_are_read_than_the_limit_needs(self, loads: Loads, service: Any) -> None:
        pages = Pages(by="cursor", path="next", parameter="after")
        assert loads.load(rest(service, "/cursor", pages, limit_rows=5))["rows"]["input"] == 5
        assert len(service.asked) == 2

    def test_the_service_is_asked_for_what_is_new(self, loads: Loads, service: Any) -> None:
        cursor = Cursor(column="at", initial="2026-01-07")
        source = rest(service, "/page", Pages(by="page", parameter="page"), since="since", types={})
        result = loads.load(source, cursor=cursor)
        assert "since=2026-01-07" in service.asked[0][0]
        assert result["cursor"]["to"] == "2026-01-10"
        assert loads.load(source, cursor=cursor)["rows"]["input"] == 0

    def test_a_service_that_has_nothing_changes_nothing(self, loads: Loads, service: Any) -> None:
        service.files["/none"] = b'{"data": {"items": []}}'
        assert loads.load(rest(service, "/none"))["rows"]["output"] == 0

    @pytest.mark.parametrize(
        ("path", "pages", "words"),
        [
            ("/loop", Pages(by="next_link", path="next"), "names itself as the next one"),
            ("/elsewhere", Pages(by="next_link", path="next"), "on another host"),
        ],
    )
    def test_a_link_that_leads_astray_is_told(
        self, loads: Loads, service: Any, path: str, pages: Pages, words: str
    ) -> None:
        with pytest.raises(PermanentError, match=words):
            loads.load(rest(service, path, pages))

    @pytest.mark.parametrize(
        ("body", "words"),
        [
            (b"<p>", "answered no JSON"),
            (b"{}", "has nothing at 'data.items'"),
            (b'{"data": {"items": 1}}', "expected a list"),
        ],
    )
    def test_an_answer_without_records_is_told(self, loads: Loads, service: Any, body: bytes, words: str) -> None:
        service.files["/bad"] = body
        with pytest.raises(PermanentError, match=words):
            loads.load(rest(service, "/bad"))


PEOPLE = {
    "name": "people",
    "locale": "de",
    "fields": [
        {"name": "id", "type": "sequence", "primary_key": True},
        {"name": "city", "type": "address", "part": "city"},
        {"name": "born", "type": "datetime", "within_days": 30},
        {"name": "price", "type": "number", "minimum": 1, "maximum": 500, "digits": 2},
    ],
}


def made_up(rows: int, seed: int, **parts: Any) -> Source:
    """As the parameters of a payload come to it."""
    document = {
        "source": {"generate": {"spec": PEOPLE, "rows": rows, "seed": seed}, **parts},
        "destination": {"duckdb": {"path": "a.duckdb", "table": "t"}},
    }
    source, _ = source_spec(DatasourceParameters.model_validate(document), secret=str)
    return Source.from_json(source.to_json())


class TestMadeUpRows:
    def test_are_as_many_as_were_asked_for_and_the_same_for_the_same_seed(self, loads: Loads) -> None:
        result = loads.load(made_up(2500, 7), write="replace")
        assert result["columns"] == {
            "id": "BIGINT",
            "city": "VARCHAR",
            "born": "TIMESTAMP WITH TIME ZONE",
            "price": "DOUBLE",
        }
        as_text = "id, city, born::VARCHAR, price"  # DuckDB hands a time with its zone to Python by a package that is not here
        first = loads.stored(as_text)
        assert len(first) == len({row[0] for row in first}) == 2500
        loads.load(made_up(2500, 7), write="replace")
        assert loads.stored(as_text) == first
        loads.load(made_up(2500, 8), write="replace")
        assert loads.stored(as_text) != first

    def test_can_be_limited_and_renamed(self, loads: Loads) -> None:
        loads.load(made_up(2500, 7, limit={"rows": 3}, drop=["born", "price"], rename={"city": "town"}))
        assert len(loads.stored("id, town")) == 3


class TestBounds:
    def test_a_page_has_a_longest_size(self, loads: Loads, service: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        service.files["/long"] = json.dumps({"data": {"items": [{"id": "x" * 200}]}}).encode()
        loads.load(rest(service, "/long"))
        monkeypatch.setattr(rest_fetch, "MOST_PAGE_BYTES", 100)
        with pytest.raises(PermanentError, match="answered more than 100 bytes"):
            loads.load(rest(service, "/long"))

    def test_nothing_is_downloaded_that_leaves_no_room_on_the_disk(
        self, loads: Loads, service: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        service.files["/a.csv"] = b"a\n1\n"
        monkeypatch.setattr(room, "LEAST_FREE_BYTES", 1 << 60)
        with pytest.raises(TransientError, match="too little room") as caught:
            loads.load(Source(path=f"{service.url}/a.csv", format="csv", allow=LOOPBACK))
        assert caught.value.code == "files"

    def test_nor_is_it_unpacked(self, loads: Loads, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "a.csv.bz2").write_bytes(bz2.compress(b"a\n1\n"))
        monkeypatch.setattr(room, "LEAST_FREE_BYTES", 1 << 60)
        with pytest.raises(TransientError, match="too little room"):
            loads.load(Source(path=str(tmp_path / "a.csv.bz2"), format="csv", compression="bz2"))

    def test_a_document_with_records_inside_has_a_longest_size(
        self, loads: Loads, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "a.json").write_text('{"items": [{"id": 1}]}')
        monkeypatch.setattr(json_source, "MOST_TEXT_BYTES", 10)
        with pytest.raises(PermanentError, match="more than 10 bytes") as caught:
            loads.load(Source(path=str(tmp_path / "a.json"), format="json", records="items"))
        assert caught.value.code == "memory"

    def test_a_pattern_is_not_listed_beyond_its_limit(self, monkeypatch: pytest.MonkeyPatch) -> None:
        class Endless:
            """A service whose bucket has no end."""

            def get_paginator(self, _: str) -> Endless:
                return self

            def paginate(self, **_: str) -> Iterator[dict[str, Any]]:
                return ({"Contents": [{"Key": f"{n}.csv"}]} for n in itertools.count())

        with pytest.raises(PermanentError, match="matches more than 10000 objects"):
            s3.keys(Endless(), "s3://bucket/*.csv")


class TestDatabases:
    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        with sqlite3.connect(tmp_path / "source.sqlite") as connection:
            connection.execute("CREATE TABLE people (id integer, name text, at text, odd)")
            rows = [(n, f"name {n}", f"2026-01-{n:02}", "x" if n == 3 else n) for n in range(1, 6)]
            connection.executemany("INSERT INTO people VALUES (?, ?, ?, ?)", rows)
        connection.close()
        return f"sqlite:///{tmp_path / 'source.sqlite'}"

    def test_a_table_is_read(self, loads: Loads, url: str) -> None:
        result = loads.load(Source(sql=Sql(url=url, table="people")))
        assert result["columns"] == {"id": "BIGINT", "name": "VARCHAR", "at": "VARCHAR", "odd": "VARCHAR"}
        assert len(loads.stored()) == 5

    def test_a_query_is_read(self, loads: Loads, url: str) -> None:
        query = "SELECT id, 'a:b' AS t FROM people WHERE id > 3;"
        loads.load(Source(sql=Sql(url=url, query=query)))
        assert loads.stored() == [(4, "a:b"), (5, "a:b")]

    def test_a_query_can_only_read(self, loads: Loads, url: str) -> None:
        with pytest.raises(PermanentError, match="syntax error"):
            loads.load(Source(sql=Sql(url=url, query="DELETE FROM people")))

    def test_the_database_is_asked_for_what_is_new(self, loads: Loads, url: str) -> None:
        source = Source(sql=Sql(url=url, table="people"), fields={"key": "id", "since": "at"})
        loads.load(source, cursor=Cursor(column="since", initial="2026-01-03"))
        assert loads.stored("key") == [(3,), (4,), (5,)]
        result = loads.load(source, cursor=Cursor(column="since"))
        assert (result["rows"]["input"], result["source_bytes"] > 0) == (0, True)

    def test_a_text_cursor_is_compared_here_however_the_database_orders_text(
        self, loads: Loads, url: str, tmp_path: Path
    ) -> None:
        with sqlite3.connect(tmp_path / "source.sqlite") as connection:
            connection.execute("CREATE TABLE codes (code text COLLATE NOCASE)")
            connection.execute("INSERT INTO codes VALUES ('Z')")
            connection.commit()
            loads.load(Source(sql=Sql(url=url, table="codes")), cursor=Cursor(column="code"))
            connection.execute("INSERT INTO codes VALUES ('a')")
            connection.commit()
        connection.close()
        result = loads.load(Source(sql=Sql(url=url, table="codes")), cursor=Cursor(column="code"))
        assert (result["cursor"]["from"], result["cursor"]["to"]) == ("Z", "a")
        assert loads.stored() == [("Z",), ("a",)]

    def test_a_missing_table_is_told(self, loads: Loads, url: str) -> None:
        with pytest.raises(PermanentError, match="the database: no such table: nobody"):
            loads.load(Source(sql=Sql(url=url, table="nobody")))

    def test_a_database_without_a_driver_is_told(self, loads: Loads) -> None:
        with pytest.raises(PermanentError, match="no driver for mysql"):
            loads.load(Source(sql=Sql(url="mysql+pymysql://u:p@1.1.1.1/d", table="t")))


class TestWhatIsNoDataset:
    @pytest.mark.parametrize(
        ("spec", "words"),
        [
            ({"name": "a"}, r"source\.generate\.spec\.fields: "),
            ({"name": "a", "fields": [{"name": "b", "type": "reference", "dataset": "c"}]}, "refers to other datasets"),
        ],
    )
    def test_what_is_no_dataset_is_refused_for_good(self, loads: Loads, spec: dict[str, Any], words: str) -> None:
        with pytest.raises(PermanentError, match=words) as caught:
            loads.load(Source(generate=Generated(spec=spec, rows=1)))
        assert caught.value.code == "parameters"


class TestSpool:
    def test_batches_that_differ_come_to_one_schema(self, tmp_path: Path) -> None:
        spool = Spool(tmp_path)
        for rows in ([(None, 1, None)], [("x", 2.5, None)], [(dt.date(2026, 1, 1), 3, None)]):
            spool.write(as_batch(["a", "b", "c"], rows))
        tables = [pyarrow.parquet.read_table(path) for path in spool.finish()]
        together = pyarrow.concat_tables(tables)
        assert together.to_pydict() == {"a": [None, "x", "2026-01-01"], "b": [1.0, 2.5, 3.0], "c": [None] * 3}

    def test_mixed_values_within_a_batch_are_text(self) -> None:
        assert as_batch(["a"], [(1,), ("x",), (None,)]).to_pydict() == {"a": ["1", "x", None]}


class TestFilesAsDestinations:
    @pytest.mark.parametrize("format", ["parquet", "jsonl"])
    def test_a_file_is_replaced(self, loads: Loads, tmp_path: Path, format: str) -> None:
        loads.target = Target(kind="files", path=str(tmp_path / f"out.{format}"), format=format)
        loads.rows({"id": 1}, {"id": 2}, write="replace")
        result = loads.rows({"id": 3}, write="replace")
        assert (result["rows"]["output"], result["output_bytes"]) == (1, (tmp_path / f"out.{format}").stat().st_size)
        read = pyarrow.parquet.read_table if format == "parquet" else pyarrow.json.read_json
        assert read(tmp_path / f"out.{format}").to_pylist() == [{"id": 3}]
        assert [path.name for path in tmp_path.glob(".*")] == []

    def test_two_loads_into_one_file_do_not_meet_half_way(self, tmp_path: Path) -> None:
        """The first one's rows come through a pipe, so that it is half way for as long as the test likes."""
        os.mkfifo(tmp_path / "slow")
        (tmp_path / "fast").write_text("fast")
        with ThreadPoolExecutor(1) as pool:
            slow = pool.submit(files_out.put, tmp_path / "slow", tmp_path / "out.jsonl")
            with (tmp_path / "slow").open("w") as pipe:
                wait_for(lambda: list(tmp_path.glob(".out.jsonl*.new")) != [])
                files_out.put(tmp_path / "fast", tmp_path / "out.jsonl")
                assert (tmp_path / "out.jsonl").read_text() == "fast"
                pipe.write("slow")
            slow.result()
        assert (tmp_path / "out.jsonl").read_text() == "slow"

    def test_what_a_killed_attempt_left_beside_it_is_removed_in_time(self, tmp_path: Path) -> None:
        left, under_way = tmp_path / ".out.jsonl.0123.new", tmp_path / ".out.jsonl.4567.new"
        for path in (left, under_way, tmp_path / "made"):
            path.write_text("x")
        os.utime(left, (0, 0))
        files_out.put(tmp_path / "made", tmp_path / "out.jsonl")
        assert {path.name for path in tmp_path.iterdir()} == {"made", "out.jsonl", under_way.name}

    def test_an_append_is_one_file_a_load(self, loads: Loads, tmp_path: Path) -> None:
        loads.target = Target(kind="files", path=str(tmp_path / "out.jsonl"), format="jsonl")
        for key in ("first", "first", "second"):
            loads.rows({"id": 1}, key=key)
        assert len(list(tmp_path.glob("out-*.jsonl"))) == 2
        assert not (tmp_path / "out.jsonl").exists()

    def test_another_run_that_begins_at_the_same_place_writes_over_the_file(self, loads: Loads, tmp_path: Path) -> None:
        """The worker died before the cursor was written down, and the run was given up: its rows come again."""
        loads.target = Target(kind="files", path=str(tmp_path / "out.jsonl"), format="jsonl")
        begun = Cursor(column="id", reached={"type": "BIGINT", "value": "1"})
        loads.rows({"id": 1}, {"id": 2}, key="first", cursor=begun)
        result = loads.rows({"id": 2}, {"id": 3}, key="second", cursor=begun)
        (file,) = tmp_path.glob("out-*.jsonl")
        assert [json.loads(line) for line in file.read_text().splitlines()] == [{"id": 2}, {"id": 3}]
        assert result["_cursor"] == {"type": "BIGINT", "value": "3"}
