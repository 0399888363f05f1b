"""Results as files on a real SFTP server."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from jobs.errors import PermanentError, TransientError
from sinks.file.configuration import FileConfiguration
from sinks.file.sink import FileSink
from tests.integration.byte_sinks.given import Given, breaking, parcel
from tests.integration.byte_sinks.sftp import PASSWORD, USER, SftpService, sftp_service
from tests.integration.byte_sinks.test_file import NAME, files


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """What the server offers."""
    folder = tmp_path / "offered"
    folder.mkdir()
    return folder


@pytest.fixture
def service(root: Path) -> Iterator[SftpService]:
    """A server."""
    with sftp_service(root) as running:
        yield running


@contextmanager
def opened(service: SftpService, **said: Any) -> Iterator[FileSink]:
    configuration = {
        "path": f"{service.url}/results",
        "username": USER,
        "password_secret": "password",
        "host_key": service.host_key,
        **said,
    }
    secrets = {"password": PASSWORD, "wrong": "no-password", "key": service.user_key}
    sink = FileSink(FileConfiguration.model_validate(configuration), Given(secrets))
    try:
        yield sink
    finally:
        sink.close()


class TestSftp:
    def test_a_run_is_a_file_with_its_manifest(self, service: SftpService, root: Path) -> None:
        with opened(service) as sink:
            receipt = sink.deliver(parcel())
        content = (root / "results" / NAME).read_bytes()
        assert files(root) == [f"results/{NAME}", f"results/{NAME}.manifest.json"]
        assert [json.loads(line)["position"] for line in content.splitlines()] == [0, 1, 2]
        assert receipt.bytes == len(content)

    def test_a_key_opens_it_too(self, service: SftpService, root: Path) -> None:
        with opened(service, password_secret=None, private_key_secret="key") as sink:
            sink.deliver(parcel("payload"))
        assert len(files(root)) == 1

    def test_delivered_again_it_is_there_once(self, service: SftpService, root: Path) -> None:
        with opened(service) as sink:
            sink.deliver(parcel("payload"))
            sink.deliver(parcel("payload", attempt=2))
        assert len(files(root)) == 1

    def test_where_it_fails_nothing_is_left(self, service: SftpService, root: Path) -> None:
        with opened(service) as sink, pytest.raises(PermanentError):
            sink.deliver(parcel(records=breaking(2, PermanentError("transform"))))
        assert files(root) == []

    def test_several_threads_deliver_by_one_sink(self, service: SftpService, root: Path) -> None:
        with opened(service) as sink:
            given = [parcel("payload", first_position=at, id=f"dlv_{at}") for at in range(8)]
            threads = [threading.Thread(target=sink.deliver, args=[each]) for each in given]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert len(files(root)) == 8

    @pytest.mark.parametrize("known", [False, True])
    def test_one_that_does_not_go_on_is_left_when_the_attempts_time_is_over(
        self, service: SftpService, root: Path, known: bool
    ) -> None:
        with opened(service, timeout="1s") as sink:
            if known:  # then the connection is an earlier attempt's
                sink.check()
            service.orders.give("hold", "yes")
            with pytest.raises(TransientError) as caught:
                sink.deliver(parcel("payload"))
            assert (caught.value.code, str(caught.value)) == (
                "timeout",
                "the attempt took longer than its 1 s in all (timeout)",
            )
            service.orders.withdraw()
            sink.deliver(parcel("payload", attempt=2))
        assert len(files(root)) == 1

    def test_check_finds_the_folder(self, service: SftpService) -> None:
        with opened(service) as sink:
            assert sink.check() == f"The folder {service.url}/results is there."

    def test_another_servers_key_is_not_accepted(self, service: SftpService, root: Path) -> None:
        other = service.host_key[:-4] + "AAAA"
        with opened(service, host_key=other) as sink, pytest.raises(TransientError, match="not host_key"):
            sink.deliver(parcel())
        assert files(root) == []

    def test_a_wrong_password_is_not_told(self, service: SftpService) -> None:
        with opened(service, password_secret="wrong") as sink, pytest.raises(TransientError) as caught:
            sink.deliver(parcel())
        assert "no-password" not in str(caught.value)

    def test_addresses_that_are_not_permitted_are_not_connected_to(self, service: SftpService, settings: Any) -> None:
        settings.JOBS_EGRESS_ALLOW = []
        with opened(service) as sink, pytest.raises(PermanentError) as caught:
            sink.deliver(parcel())
        assert caught.value.code == "egress_refused"
