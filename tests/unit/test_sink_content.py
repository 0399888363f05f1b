"""From records to bytes: what sinks of bytes put, and under which name."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import hashlib
import io
import itertools
import json
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

import pyarrow.parquet as pq
import pydantic
import pytest
import zstandard

from jobs.errors import PermanentError
from sinks.base import Parcel, Record, Unit
from sinks.content import parquet as parquet_module
from sinks.content.buffering import Limits, buffered, parts
from sinks.content.configuration import ContentConfiguration
from sinks.content.encoding import Content
from sinks.content.measuring import Measured
from sinks.content.names import MAX_BYTES, check_template, name_of

ENDED = dt.datetime(2026, 3, 1, 23, 30, tzinfo=dt.timezone(dt.timedelta(hours=-1)))


def record(position: int, *, name: str = "", result: Any = None, error: Any = None) -> Record:
    state = "failed" if error else "succeeded"
    return Record(position, name or f"p{position}", "noop", state, 1, ENDED, ENDED, result, error)


def parcel(*records: Record, unit: Unit = "run", attempt: int = 1, entry: str = "") -> Parcel:
    return Parcel(
        id="dlv_7",
        attempt=attempt,
        workspace="acme",
        job="task:ping",
        run_id=42,
        run_state="succeeded",
        trigger="manual",
        scheduled_for=None,
        run_ended_at=ENDED,
        unit=unit,
        first_position=records[0].position if records else 0,
        count=len(records),
        records=lambda: iter(records),
        entry=entry,
    )


def configured(**said: Any) -> ContentConfiguration:
    return ContentConfiguration.model_validate(said)


def content(given: Parcel, **said: Any) -> bytes:
    return b"".join(Content(given, configured(**said)).pieces())


THREE = (record(0, result={"n": "ü\n"}), record(1, error={"code": "no"}), record(2, result=[1, None]))


class TestFormats:
    def test_one_payload_is_one_document_with_its_run(self) -> None:
        document = json.loads(content(parcel(THREE[0], unit="payload")))
        assert (document["id"], document["run"], document["payload"]) == ("dlv_7", 42, THREE[0].document())

    def test_a_run_is_a_line_a_payload_each_of_which_tells_its_run(self) -> None:
        lines = [json.loads(line) for line in content(parcel(*THREE)).splitlines()]
        about = {"workspace": "acme", "job": "task:ping", "run": 42}
        assert lines == [about | each.document() for each in THREE]

    def test_a_run_may_be_one_document(self) -> None:
        document = json.loads(content(parcel(*THREE), format="json"))
        assert document["payloads"] == [each.document() for each in THREE]

    def test_csv_has_a_heading_and_json_in_its_cells(self) -> None:
        rows = list(csv.DictReader(io.StringIO(content(parcel(*THREE), format="csv").decode(), newline="")))
        assert [json.loads(row["result"] or "null") for row in rows] == [each.result for each in THREE]
        assert (rows[1]["state"], rows[1]["error"], rows[0]["ended_at"]) == (
            "failed",
            '{"code":"no"}',
            ENDED.isoformat(),
        )

    @pytest.mark.parametrize("compression", ["none", "gzip", "zstd"])
    def test_parquet_has_typed_columns(self, compression: str) -> None:
        file = pq.ParquetFile(io.BytesIO(content(parcel(*THREE), format="parquet", compression=compression)))
        rows = file.read().to_pylist()
        assert [(row["position"], row["run"], row["ended_at"]) for row in rows] == [(at, 42, ENDED) for at in range(3)]
        assert [json.loads(row["result"] or "null") for row in rows] == [each.result for each in THREE]
        packed = {"none": "UNCOMPRESSED", "gzip": "GZIP", "zstd": "ZSTD"}[compression]
        assert file.metadata.row_group(0).column(0).compression == packed

    @pytest.mark.parametrize(("kind", "rest"), [("jsonl", b""), ("json", b"[]")])
    def test_nothing_to_deliver_is_still_of_its_format(self, kind: str, rest: bytes) -> None:
        assert rest in content(parcel(), format=kind)
        assert pq.read_table(io.BytesIO(content(parcel(), format="parquet"))).num_rows == 0


class TestCompression:
    @pytest.mark.parametrize("kind", ["json", "jsonl", "csv"])
    def test_what_was_packed_comes_out_again(self, kind: str) -> None:
        plain = content(parcel(*THREE), format=kind)
        assert gzip.decompress(content(parcel(*THREE), format=kind, compression="gzip")) == plain
        unpacked = zstandard.ZstdDecompressor().decompressobj()
        assert unpacked.decompress(content(parcel(*THREE), format=kind, compression="zstd")) == plain
        with zipfile.ZipFile(io.BytesIO(content(parcel(*THREE), format=kind, compression="zip"))) as archive:
            assert archive.testzip() is None
            assert [archive.read(name) for name in archive.namelist()] == [plain]

    @pytest.mark.parametrize("compression", ["none", "gzip", "zstd", "zip"])
    @pytest.mark.parametrize("kind", ["json", "jsonl", "csv", "parquet"])
    def test_every_attempt_gives_the_same_bytes(self, kind: str, compression: str) -> None:
        if (kind, compression) == ("parquet", "zip"):
            with pytest.raises(pydantic.ValidationError, match="compresses its columns itself"):
                configured(format=kind, compression=compression)
            return
        said = {"format": kind, "compression": compression}
        assert content(parcel(*THREE), **said) == content(parcel(*THREE, attempt=2), **said)

    def test_flushed_after_each_record_it_can_be_read_so_far(self) -> None:
        pieces = Content(parcel(*THREE), configured(compression="gzip"), flush_each=True).pieces()
        line = zlib.decompressobj(wbits=31).decompress(next(pieces))
        assert json.loads(line)["position"] == 0

    def test_and_without_that_it_is_not_flushed(self) -> None:
        pieces = Content(parcel(*THREE), configured(compression="gzip")).pieces()
        assert zlib.decompressobj(wbits=31).decompress(next(pieces)) == b""


class TestBounds:
    @pytest.mark.parametrize("compression", ["none", "gzip", "zstd", "zip"])
    def test_a_record_is_read_when_the_one_before_was_taken(self, compression: str) -> None:
        read = []

        def records() -> Iterator[Record]:
            for at in itertools.count():
                read.append(at)
                yield record(at)

        given = Parcel(**{name: getattr(parcel(), name) for name in Parcel.__slots__} | {"records": records})
        pieces = Content(given, configured(compression=compression)).pieces()
        for _ in range(3):
            next(pieces)
        assert read == [0, 1, 2]

    def test_a_parquet_file_holds_a_row_group_at_a_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(parquet_module, "ROWS", 2)
        file = pq.ParquetFile(io.BytesIO(content(parcel(*map(record, range(5))), format="parquet")))
        assert [file.metadata.row_group(at).num_rows for at in range(file.num_row_groups)] == [2, 2, 1]

    def test_large_results_make_smaller_row_groups(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(parquet_module, "TEXT_BYTES", 100)
        large = [record(at, result="x" * 99) for at in range(3)]
        assert pq.ParquetFile(io.BytesIO(content(parcel(*large), format="parquet"))).num_row_groups == 3

    def test_rows_size_and_checksum_are_known_at_the_end(self) -> None:
        made = Content(parcel(*THREE), configured())
        measured = Measured(made.pieces())
        whole = b"".join(measured)
        assert (made.rows, measured.size_bytes) == (3, len(whole))
        assert measured.sha256 == hashlib.sha256(whole).hexdigest()


class TestBuffering:
    def test_by_size(self) -> None:
        assert list(buffered([b"aa", b"b", b"c", b"dddd", b"e"], limits=Limits(size_bytes=3))) == [
            b"aab",
            b"cdddd",
            b"e",
        ]

    def test_by_count(self) -> None:
        assert list(buffered([b"a", b"b", b"c"], limits=Limits(size_bytes=99, pieces=2))) == [b"ab", b"c"]

    def test_by_the_age_of_the_first_piece(self) -> None:
        times = iter([0.0, 0.0, 0.5, 1.0, 5.0, 5.0])
        limits = Limits(size_bytes=99, seconds=1)
        assert list(buffered([b"a", b"b", b"c", b"d"], limits=limits, clock=lambda: next(times))) == [b"abc", b"d"]

    def test_the_next_piece_is_asked_for_when_the_buffer_was_taken(self) -> None:
        asked: list[int] = []

        def pieces() -> Iterator[bytes]:
            for at in range(10):
                asked.append(at)
                yield b"x"

        next(buffered(pieces(), limits=Limits(size_bytes=2)))
        assert asked == [0, 1]

    def test_parts_are_of_one_size_whatever_the_pieces(self) -> None:
        assert list(parts([b"a", b"bcdefg", b"", b"h"], size_bytes=3)) == [b"abc", b"def", b"gh"]
        assert list(parts([b"abc"], size_bytes=3)) == [b"abc"]


class TestNames:
    @pytest.mark.parametrize(
        ("unit", "name"),
        [
            ("payload", "acme/task:ping/2026-03-02/42/5-a-b.json"),
            ("batch", "acme/task:ping/2026-03-02/42/5.jsonl"),
            ("run", "acme/task:ping/2026-03-02/42.jsonl"),
        ],
    )
    def test_by_default_they_tell_where_a_result_comes_from_by_the_day_of_its_end(self, unit: Unit, name: str) -> None:
        given = parcel(record(5, name="a/b"), unit=unit)
        assert name_of(given, template=None, extension=configured().extension_for(unit)) == name

    @pytest.mark.parametrize("unit", ["payload", "batch", "run"])
    def test_they_are_the_same_on_all_attempts(self, unit: Unit) -> None:
        names = {
            name_of(parcel(record(5), unit=unit, attempt=attempt), template=None, extension="x") for attempt in (1, 2)
        }
        assert len(names) == 1

    @pytest.mark.parametrize("unit", ["payload", "batch", "run"])
    def test_those_of_two_entries_of_a_job_differ(self, unit: Unit) -> None:
        first, second = (
            name_of(parcel(record(0), unit=unit, entry=entry), template=None, extension="x") for entry in ("", "b")
        )
        assert first != second
        assert "/42/b" in second

    def test_a_template_may_name_the_entry(self) -> None:
        made = [name_of(parcel(entry=each), template="{run}/{entry}", extension="x") for each in ("", "b/c")]
        assert made == ["42/main", "42/b-c"]

    def test_unless_the_attempt_is_asked_for(self) -> None:
        template = "{run}/{attempt}"
        assert name_of(parcel(attempt=2), template=template, extension="x") == "42/2"
        assert name_of(parcel(attempt=2), template=template, extension="x", attempt=1) == "42/1"

    def test_every_field(self) -> None:
        template = "{year}/{month}/{day}/{delivery}-{trigger}-{position}.{extension}"
        assert name_of(parcel(record(3)), template=template, extension="csv.gz") == "2026/03/02/dlv_7-manual-3.csv.gz"

    @pytest.mark.parametrize("name", ["..", ".", "/etc", "a/../../b", ".hidden", "a\0b", "a\\b"])
    def test_what_a_payload_is_called_leads_nowhere_else(self, name: str) -> None:
        made = name_of(parcel(record(0, name=name), unit="payload"), template="{position}/{payload}", extension="x")
        folder, _, rest = made.partition("/")
        assert folder == "0"
        assert "/" not in rest
        assert "\\" not in rest
        assert "\0" not in rest
        assert not rest.startswith(".")

    def test_a_long_name_is_cut_between_letters(self) -> None:
        made = name_of(
            parcel(record(0, name="ü" * 500), unit="payload"), template="{position}/{payload}", extension="x"
        )
        assert made == "0/" + "ü" * 75

    @pytest.mark.parametrize(
        ("template", "why"),
        [
            ("latest.json", "replace those of the one before"),
            ("{run}/{nothing}", "there is no {nothing}"),
            ("/{run}", "one /"),
            ("{run}/../x", "no . or .."),
            ("{run}//x", "one /"),
            ("{run}{", "lone brace"),
            ("{run}\n", "expected names"),
            ("", "1 to 500"),
        ],
    )
    def test_a_template_that_could_not_work_is_refused_when_it_is_saved(self, template: str, why: str) -> None:
        with pytest.raises(ValueError, match=why.replace(".", r"\.")):
            check_template(template)

    @pytest.mark.parametrize(
        ("unit", "template"), [("payload", "{run}"), ("batch", "{run}"), ("run", "{run}{payload}")]
    )
    def test_one_that_does_not_fit_the_unit_is_refused_for_good(self, unit: Unit, template: str) -> None:
        with pytest.raises(PermanentError) as caught:
            name_of(parcel(record(0), unit=unit), template=template, extension="x")
        assert caught.value.code == "key"

    def test_one_that_is_too_long_is_refused_for_good(self) -> None:
        with pytest.raises(PermanentError, match=str(MAX_BYTES)):
            name_of(parcel(), template="{run}/" + "{job}" * 200, extension="x")
