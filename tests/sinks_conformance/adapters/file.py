"""The file kind: a folder of this machine, and one behind an SFTP server."""

from __future__ import annotations

import uuid
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

from tests.free_ports import free_ports
from tests.integration.byte_sinks.sftp import PASSWORD, USER
from tests.sinks_conformance.adapter import Adapter, Case, Held
from tests.sinks_conformance.adapters.contents import held_in


class FileAdapter(Adapter):
    """``results`` is the folder, as this machine has it; the workspace's own folder in it is made by the sink."""

    kind = "file"
    results: Path

    @abstractmethod
    def case(self, **said: Any) -> Case:
        """A sink that writes into the folder."""

    def held(self) -> list[Held]:
        """The files; nothing else lies about."""
        there = [path for path in self.results.rglob("*") if path.is_file() and path != self._taken]
        assert not [path for path in there if path.name.startswith(".")]
        return held_in({str(path.relative_to(self.results)): path.read_bytes() for path in there})

    def good(self) -> Case:
        """The folder can be written into."""
        return self.case()

    def transient(self) -> Case:
        """A file is where a folder should be."""
        self.results.mkdir(exist_ok=True)
        self._taken.touch()
        return self.case().but(mend=self._taken.unlink)

    @property
    def _taken(self) -> Path:
        return self.results / "acme"


class LocalFileAdapter(FileAdapter):
    """Below a folder that the deployment opens to files."""

    variant = "local"
    without: ClassVar[Mapping[str, str]] = {
        "hanging": "a file system of this machine is as quick as the machine, and nothing can give it a time limit",
        "secret": "there is nothing to log in at",
    }

    def __enter__(self) -> Self:
        self.open = self.folder / "open"
        self.open.mkdir()
        self.results = self.open / "results"
        return self

    @property
    def settings(self) -> Mapping[str, Any]:
        """The folder that is open."""
        return {**super().settings, "JOBS_FILE_ROOTS": [self.open]}

    def case(self, **said: Any) -> Case:
        """In the one below."""
        return Case({"path": "results", **said})

    def permanent(self) -> Case:
        """A link leads out of what is open."""
        (self.folder / "elsewhere").mkdir()
        self.results.mkdir()
        self._taken.symlink_to(self.folder / "elsewhere")
        return self.case()

    def unreachable(self) -> Case:
        """The folder is a file."""
        (self.open / "file").touch()
        return self.case(path="file").but(says="file: .*(exists|directory)")


class SftpFileAdapter(FileAdapter):
    """A folder of its own on the session's server."""

    variant = "sftp"

    def __enter__(self) -> Self:
        self.service = self.servers.sftp
        self.results = self.servers.sftp_root / uuid.uuid4().hex
        return self

    def __exit__(self, *_: object) -> None:
        self.service.orders.withdraw()

    def case(self, *, url: str = "", password: str = PASSWORD, **said: Any) -> Case:
        """With a password."""
        configuration = {
            "path": f"{url or self.service.url}/{self.results.name}",
            "username": USER,
            "password_secret": "it",
            "host_key": self.service.host_key,
            **said,
        }
        return Case(configuration, secrets={"it": password})

    def permanent(self) -> Case:
        """No server takes such a name."""
        return self.case(key="{run}/" + "{job}" * 90)

    def hanging(self) -> Case:
        """Nothing is written."""
        self.service.orders.give("hold", "yes")
        return self.case().but(mend=self.service.orders.withdraw, begun=lambda: bool(self.service.orders.read("held")))

    def unreachable(self) -> Case:
        """Nobody listens."""
        return self.case(url=f"sftp://127.0.0.1:{free_ports(1)[0]}").but(says="Connection refused")

    def secret(self, value: str) -> list[Case]:
        """A server that lets in and says the password in its errors; and a password that is refused."""
        self.service.orders.give("password", value)
        self.service.orders.give("refuse", value * 60)
        return [self.case(password=value), self.case(password=value + value)]
