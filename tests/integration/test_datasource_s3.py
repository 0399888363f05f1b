"""Objects on S3: as sources by key and by pattern, as destinations, and what S3 refuses."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from jobs.errors import PermanentError, TransientError
from tests.integration.ingest_loads import Loads
from tests.integration.s3_service import BUCKET, S3Service, s3_service
from workers.ingest import reading
from workers.ingest.preview import first_rows
from workers.ingest.spec import S3Access, Source, Target

LOOPBACK = ["127.0.0.0/8"]


@pytest.fixture
def loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Loads:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return Loads(Target(kind="duckdb", table="t", path=str(tmp_path / "a.duckdb")), tmp_path)


@pytest.fixture
def service() -> Iterator[S3Service]:
    with s3_service() as service:
        yield service


def source(service: S3Service, key: str, **parts: Any) -> Source:
    known: dict[str, Any] = {"format": "csv", "s3": service.access, "allow": LOOPBACK}
    return Source(path=f"s3://{BUCKET}/{key}", **known | parts)


def target(service: S3Service, key: str = "out/t.parquet") -> Target:
    return Target(kind="files", path=f"s3://{BUCKET}/{key}", format="parquet", s3=service.access, allow=LOOPBACK)


class TestAsSources:
    @pytest.mark.parametrize(
        ("pattern", "ids"),
        [
            ("in/day-1.csv", [1]),
            ("in/day-*.csv", [1, 2, 3]),
            ("in/day-?.csv", [1, 2, 3]),
            ("in/*/day-*.csv", [4]),
            ("in/**.csv", [1, 2, 3, 4, 5]),
            ("in/odd name+(5)&%.csv", [5]),
        ],
    )
    def test_all_objects_that_match_are_one_table(
        self, loads: Loads, service: S3Service, pattern: str, ids: list[int]
    ) -> None:
        keys = ["in/day-1.csv", "in/day-2.csv", "in/day-3.csv", "in/deep/day-4.csv", "in/odd name+(5)&%.csv"]
        service.objects = {key: f"id\n{number}\n".encode() for number, key in enumerate(keys, start=1)}
        service.objects["in/day-1.csv.old"] = b"id\n9\n"
        result = loads.load(source(service, pattern))
        assert loads.stored() == [(number,) for number in ids]
        assert result["source_bytes"] == 5 * len(ids)

    def test_packed_ones_are_read(self, loads: Loads, service: S3Service) -> None:
        service.objects["a.csv.gz"] = gzip.compress(b"id\n1\n2\n")
        loads.load(source(service, "a.csv.gz", compression="gzip"))
        assert loads.stored() == [(1,), (2,)]

    def test_of_a_preview_only_the_first_lines_are_fetched(
        self, loads: Loads, service: S3Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(reading, "FIRST_BYTES", 20)
        service.objects = {"a1.csv": b"id\n1\n2\n", "a2.csv": b'id\n3\n44444444444\n"', "a3.csv": b"\0"}
        shown = first_rows(source(service, "a*.csv"), rows=9, memory_limit_mb=256, channel=loads.heard)
        assert shown["rows"] == [{"id": 1}, {"id": 2}, {"id": 3}]

    @pytest.mark.parametrize("key", ["none.csv", "none*.csv"])
    def test_one_that_is_not_there_is_told(self, loads: Loads, service: S3Service, key: str) -> None:
        with pytest.raises(PermanentError, match="none") as caught:
            loads.load(source(service, key))
        assert caught.value.code == "file_missing"

    def test_an_address_that_is_not_open_is_refused(self, loads: Loads, service: S3Service) -> None:
        with pytest.raises(PermanentError, match=r"127\.0\.0\.1 \(loopback\)") as caught:
            loads.load(source(service, "a.csv", allow=[]))
        assert caught.value.code == "egress_refused"


class TestAsDestinations:
    def test_a_replace_puts_one_object(self, loads: Loads, service: S3Service) -> None:
        loads.target = target(service)
        loads.rows({"id": 1}, {"id": 2}, write="replace")
        result = loads.rows({"id": 3}, write="replace")
        assert list(service.objects) == ["out/t.parquet"]
        (content,) = service.objects.values()
        assert pyarrow.parquet.read_table(pyarrow.BufferReader(content)).to_pylist() == [{"id": 3}]
        assert (result["output_bytes"], result["table"]) == (len(content), loads.target.path)

    def test_an_append_is_one_object_a_load(self, loads: Loads, service: S3Service) -> None:
        loads.target = target(service)
        for key in ("first", "first", "second"):
            loads.rows({"id": 1}, key=key)
        assert len(service.objects) == 2
        assert "out/t.parquet" not in service.objects


class TestRefusals:
    @pytest.mark.parametrize("changed", [{"secret_key": "another"}, {"access_key": "", "secret_key": ""}])
    def test_wrong_keys_stay_wrong(self, loads: Loads, service: S3Service, changed: dict[str, str]) -> None:
        wrong: S3Access = replace(service.access, **changed)
        with pytest.raises(PermanentError, match="S3 answered") as caught:
            loads.load(source(service, "*.csv", s3=wrong))
        assert caught.value.code == "s3"
        loads.target = replace(target(service), s3=wrong)
        with pytest.raises(PermanentError, match="S3 answered"):
            loads.rows({"id": 1}, write="replace")
        assert not service.objects

    def test_so_does_a_missing_bucket(self, loads: Loads, service: S3Service) -> None:
        loads.target = replace(target(service), path="s3://another/t.parquet")
        with pytest.raises(PermanentError, match=r"^s3://another/t.parquet: S3 answered NoSuchBucket$"):
            loads.rows({"id": 1}, write="replace")

    @pytest.mark.parametrize(
        ("status", "code", "expected"),
        [
            (400, "RequestTimeout", TransientError),
            (409, "OperationAborted", TransientError),
            (400, "InvalidRequest", PermanentError),
            (405, "MethodNotAllowed", PermanentError),
        ],
    )
    def test_what_s3_says_tells_whether_to_try_again(
        self, loads: Loads, service: S3Service, status: int, code: str, expected: type[Exception]
    ) -> None:
        service.failing_with = status, code
        with pytest.raises(expected, match=code):
            loads.load(source(service, "*.csv"))
