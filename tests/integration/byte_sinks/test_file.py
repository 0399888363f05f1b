"""Results as files: whole or not at all, once, below the folders that are open."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fsspec
import pydantic
import pytest

from jobs.errors import PermanentError, TransientError
from sinks.base import Parcel, Receipt
from sinks.file.configuration import FileConfiguration
from sinks.file.sink import FileSink
from tests.integration.byte_sinks.given import Given, breaking, parcel, records

NAME = "acme/task:ping/2026-03-01/42.jsonl"


@pytest.fixture
def root(tmp_path: Path, settings: Any) -> Path:
    """The folder that is open to files."""
    opened = tmp_path / "open"
    opened.mkdir()
    settings.JOBS_FILE_ROOTS = [opened]
    return opened


@contextmanager
def opened(**said: Any) -> Iterator[FileSink]:
    sink = FileSink(FileConfiguration.model_validate({"path": "results", **said}), Given())
    try:
        yield sink
    finally:
        sink.close()


def deliver(given: Parcel, /, **said: Any) -> Receipt:
    with opened(**said) as sink:
        return sink.deliver(given)


def files(root: Path) -> list[str]:
    return sorted(str(each.relative_to(root)) for each in root.rglob("*") if each.is_file())


class TestAFile:
    def test_a_run_is_a_file_of_lines_with_a_manifest_that_proves_it(self, root: Path) -> None:
        receipt = deliver(parcel())
        assert files(root) == [f"results/{NAME}", f"results/{NAME}.manifest.json"]
        content = (root / "results" / NAME).read_bytes()
        manifest = json.loads((root / f"results/{NAME}.manifest.json").read_bytes())
        assert [json.loads(line)["position"] for line in content.splitlines()] == [0, 1, 2]
        assert manifest["sha256"] == receipt.sha256 == hashlib.sha256(content).hexdigest()
        assert (manifest["size"], manifest["rows"], receipt.bytes) == (len(content), 3, len(content))

    def test_a_payload_is_a_document(self, root: Path) -> None:
        deliver(parcel("payload"), compression="gzip")
        [name] = files(root)
        assert name.endswith("/42/0-p0.json.gz")
        assert json.loads(gzip.decompress((root / name).read_bytes()))["payload"]["position"] == 0

    def test_delivered_again_it_is_there_once(self, root: Path) -> None:
        deliver(parcel("payload"))
        deliver(parcel("payload", attempt=2))
        assert len(files(root)) == 1

    def test_several_threads_deliver_by_one_sink(self, root: Path) -> None:
        with opened() as sink:
            given = [parcel("payload", first_position=at, id=f"dlv_{at}") for at in range(8)]
            threads = [threading.Thread(target=sink.deliver, args=[each]) for each in given]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert len(files(root)) == 8


class TestOnItsWay:
    def test_nothing_is_seen_under_its_name_before_it_is_whole(self, root: Path) -> None:
        seen: list[list[str]] = []

        def read() -> Any:
            for each in records(3)():
                seen.append([name for name in files(root) if not name.endswith(".part")])
                yield each

        deliver(parcel(records=read), flush=True)
        assert seen == [[], [], []]

    def test_the_file_before_stays_until_then(self, root: Path) -> None:
        deliver(parcel())
        with pytest.raises(TransientError):
            deliver(parcel(attempt=2, records=breaking(1, TransientError("gone"))))
        assert files(root) == [f"results/{NAME}"]  # its manifest went: nobody takes it for the new one

    def test_where_it_fails_nothing_is_left(self, root: Path) -> None:
        with pytest.raises(PermanentError, match="transform"):
            deliver(parcel(records=breaking(2, PermanentError("transform"))), flush=True)
        assert files(root) == []

    @pytest.mark.parametrize(
        ("said", "sizes"),
        [
            ({"flush": True}, [1, 2, 3]),
            ({"buffer": {"records": 2}}, [0, 2, 2]),
            ({"buffer": {"size": 1}}, [1, 2, 3]),
            ({}, [0, 0, 0]),
        ],
    )
    def test_it_is_written_as_the_buffer_says(self, root: Path, said: dict[str, Any], sizes: list[int]) -> None:
        """Lines in the file when the next record, or the end, is asked for; without ``flush`` Python holds back some of them."""
        written: list[int] = []

        def lines() -> int:
            return sum(part.read_bytes().count(b"\n") for part in root.rglob("*.part"))

        def read() -> Any:
            for each in records(3, size=10_000)():
                yield each
                written.append(lines())

        deliver(parcel(records=read), **said)
        assert written == sizes

    def test_it_is_on_the_disk_before_it_has_its_name_and_so_is_the_name(
        self, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        calls: list[str] = []
        real_fsync, real_replace = os.fsync, os.replace

        def fsync(descriptor: int) -> None:
            calls.append("folder" if os.path.isdir(f"/proc/self/fd/{descriptor}") else "file")
            real_fsync(descriptor)

        def replace(source: Any, destination: Any) -> None:
            calls.append("replace")
            real_replace(source, destination)

        monkeypatch.setattr(os, "fsync", fsync)
        monkeypatch.setattr(os, "replace", replace)
        deliver(parcel("payload"))
        assert calls == ["file", "replace", "folder"]

    def test_what_a_killed_worker_left_is_removed_by_the_next_attempt(self, root: Path) -> None:
        left: list[tuple[Path, bytes]] = []
        broken = breaking(1, KeyboardInterrupt())  # stands for a kill: what is written then is kept below

        def read() -> Any:
            try:
                yield from broken()
            finally:
                left.extend((each, each.read_bytes()) for each in root.rglob("*.part"))

        with pytest.raises(KeyboardInterrupt):
            deliver(parcel(records=read), flush=True)
        [(part, content)] = left
        part.write_bytes(content)
        other = part.with_name(".other.part")
        other.touch()
        deliver(parcel(attempt=2), manifest=False)
        assert files(root) == sorted([f"results/{NAME}", str(other.relative_to(root))])


class TestWhere:
    @pytest.mark.parametrize("path", ["/etc/jobs", "/tmp"])
    def test_other_folders_are_refused(self, root: Path, path: str) -> None:
        with pytest.raises(PermanentError) as caught:
            deliver(parcel(), path=path)
        assert caught.value.code == "file_refused"

    def test_so_is_a_link_that_leads_out(self, root: Path, tmp_path: Path) -> None:
        outside = tmp_path / "outside"
        outside.mkdir()
        (root / "results").symlink_to(outside)
        with pytest.raises(PermanentError):
            deliver(parcel())
        assert files(outside) == []

    def test_a_folder_that_cannot_be_written_to_can_be_mended(self, root: Path) -> None:
        (root / "results").write_text("a file")
        with pytest.raises(TransientError) as caught:
            deliver(parcel())
        assert caught.value.code == "file"

    def test_check_finds_it(self, root: Path) -> None:
        with opened() as sink:
            assert sink.check() == "The folder results is there."
        assert files(root) == []

    def test_and_says_when_it_cannot_be(self, root: Path) -> None:
        (root / "results").write_text("a file")
        with opened() as sink, pytest.raises(TransientError):
            sink.check()


class TestAnotherFileSystem:
    @pytest.fixture
    def memory(self) -> Iterator[Any]:
        found = fsspec.filesystem("memory")
        yield found
        found.store.clear()

    def test_it_is_refused_unless_the_deployment_names_it(self, memory: Any, settings: Any) -> None:
        settings.JOBS_SINKS_MAY = ["file-other"]
        with pytest.raises(PermanentError) as caught:
            deliver(parcel(), path="memory://results")
        assert caught.value.code == "file_refused"

    def test_then_it_holds_the_files(self, memory: Any, settings: Any) -> None:
        settings.JOBS_SINKS_MAY = ["file-memory"]
        deliver(parcel(), path="memory://results")
        assert sorted(memory.find("/")) == [f"/results/{NAME}", f"/results/{NAME}.manifest.json"]

    def test_one_that_nobody_knows_is_refused(self, settings: Any) -> None:
        settings.JOBS_SINKS_MAY = ["file-nothing"]
        with pytest.raises(PermanentError, match="nothing"):
            deliver(parcel(), path="nothing://results")


class TestConfiguration:
    @pytest.mark.parametrize(
        ("said", "why"),
        [
            ({"path": "a/../../b"}, r"without \.\."),
            ({"path": "results", "username": "u"}, "belong to a path sftp"),
            ({"path": "results", "options": {"a": 1}}, "belong to a URL"),
            ({"path": "sftp://h/x", "username": "u", "password_secret": "p"}, "host_key"),
            ({"path": "sftp://u:p@h/x", "username": "u"}, "the user goes into username"),
            ({"path": "sftp://h:99999/x"}, r"path[\s\S]*between 1 and 65535"),
            ({"path": "ftp://me:hunter2@h/x"}, "no user or password in it"),
            ({"path": "https://me@h/x"}, "no user or password in it"),
            ({"path": "ftp://h/x", "options": {"password": "hunter2"}}, "password: put it into a secret"),
            ({"path": "abfs://c/x", "options": {"account_key": "k"}}, "account_key: put it into a secret"),
            ({"path": "sftp://h:0/x"}, "between 1 and 65535"),
            ({"path": "sftp://[h/x"}, "expected sftp://host/folder"),
        ],
    )
    def test_what_does_not_fit_is_refused_with_what_would_be_right(self, said: dict[str, Any], why: str) -> None:
        with pytest.raises(pydantic.ValidationError, match=why):
            FileConfiguration.model_validate(said)
