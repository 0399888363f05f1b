"""A real S3 server for tests: OpenStack Swift with its S3 interface, one node, one replica, on loopback.

``python -m tests.swift FOLDER PORT`` runs its four processes until standard input ends: so they end with whoever started it,
however that ended. The folder must lie on a file system with extended attributes. All comes from packages: the wheel of pyeclib
brings liberasurecode.

Source: the deployment guide of Swift, and the manual pages of its configuration files.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

ACCESS_KEY = "test:tester"
SECRET_KEY = "testing"
REGION = "us-east-1"

_STORES = ("account", "container", "object")
_START_SECONDS = 60
_FILTERS = {
    name: name.replace("-", "_")
    for name in ("catch_errors", "gatekeeper", "healthcheck", "proxy-logging", "listing_formats", "bulk", "copy")
} | {"slo": "slo", "dlo": "dlo", "symlink": "symlink"}
_PIPELINE = (
    "catch_errors gatekeeper healthcheck proxy-logging listing_formats bulk s3api tempauth copy slo dlo "
    "versioned_writes symlink proxy-server"
)
_SWIFT = """
[swift-hash]
swift_hash_path_suffix = test
[storage-policy:0]
name = Policy-0
default = yes
"""
_DEFAULT = """
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
user = {user}
swift_dir = {etc}
devices = {devices}
mount_check = false
disable_fallocate = true
log_level = WARNING
[pipeline:main]
pipeline = {pipeline}
"""
_PROXY = """
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
allow_account_management = true
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
s3_acl = false
check_bucket_owner = false
dns_compliant_bucket_names = true
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_object_versioning = true
"""


@dataclass(frozen=True, slots=True)
class SwiftServer:
    """Where it is."""

    endpoint_url: str


@contextmanager
def running_swift(folder: Path) -> Iterator[SwiftServer]:
    """A server with nothing in it, ready to be asked; its data lies in ``folder``. Raises RuntimeError: it did not start."""
    port = _free_ports(1)[0]
    command = [sys.executable, "-m", "tests.swift", str(folder), str(port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, cwd=Path(__file__).parents[1]) as keeper:
        try:
            _wait(keeper, port, folder)
            yield SwiftServer(f"http://127.0.0.1:{port}")
        finally:
            assert keeper.stdin is not None
            keeper.stdin.close()
            keeper.wait(timeout=30)


def main(folder: Path, port: int) -> int:
    """Run the four processes until standard input ends."""
    etc = folder / "etc"
    etc.mkdir(parents=True)
    ports = dict(zip((*_STORES, "proxy"), (*_free_ports(len(_STORES)), port), strict=True))
    _configure(folder, ports)
    for name in _STORES:
        _ring(etc, name, ports[name])
    with ExitStack() as running:
        for name in ports:
            running.callback(_end, _started(folder, name))
        sys.stdin.read()
    return 0


def _configure(folder: Path, ports: dict[str, int]) -> None:
    etc, devices = folder / "etc", folder / "devices"
    (devices / "d1").mkdir(parents=True)
    (etc / "swift.conf").write_text(_SWIFT)
    for name, port in ports.items():
        pipeline, rest = f"{name}-server", f"[app:{name}-server]\nuse = egg:swift#{name}\n"
        if name == "proxy":
            filters = (f"[filter:{name}]\nuse = egg:swift#{egg}\n" for name, egg in _FILTERS.items())
            pipeline, rest = _PIPELINE, _PROXY + "".join(filters)
        user = pwd.getpwuid(os.getuid()).pw_name
        text = _DEFAULT.format(port=port, user=user, etc=etc, devices=devices, pipeline=pipeline)
        (etc / f"{name}.conf").write_text(text + rest)


def _ring(etc: Path, name: str, port: int) -> None:
    for step in (["create", "6", "1", "0"], ["add", f"r1z1-127.0.0.1:{port}/d1", "1"], ["rebalance"]):
        command = [sys.executable, _tool("swift-ring-builder"), str(etc / f"{name}.builder"), *step]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _started(folder: Path, name: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, _tool(f"swift-{name}-server"), str(folder / "etc" / f"{name}.conf")]
    with (folder / f"{name}.log").open("wb") as log:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=os.environ | {"SWIFT_DIR": str(folder / "etc")},
        )


def _tool(name: str) -> str:
    """A script of Swift's, beside this Python."""
    found = shutil.which(name, path=str(Path(sys.executable).parent))
    if found is None:
        raise RuntimeError(f"{name} is not installed: make dev installs it")
    return found


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()  # its data is thrown away
    process.wait()


def _wait(keeper: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and keeper.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthcheck", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    logs = "\n".join(path.read_text(errors="replace")[-2000:] for path in folder.glob("*.log"))
    raise RuntimeError(f"Swift did not start:\n{logs}")


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
