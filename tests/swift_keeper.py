"""The processes of Swift: ``python -m tests.swift_keeper FOLDER PORT`` runs them until standard input ends.

So they end with whoever started this, however that ended. See `tests.swift`.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from pathlib import Path

from swift.common.ring import RingBuilder

from tests.free_ports import free_ports
from tests.swift import START_SECONDS

_STORES = ("account", "container", "object")
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
# The proxy's patience is a busy machine's: a server that was slow once is not to be refused for a minute.
_PROXY = """
[app:proxy-server]
use = egg:swift#proxy
conn_timeout = 10
node_timeout = 60
error_suppression_limit = 1000000
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


def main(folder: Path, port: int) -> int:
    """Run the four processes until standard input ends."""
    etc = folder / "etc"
    etc.mkdir(parents=True)
    ports = dict(zip((*_STORES, "proxy"), (*free_ports(len(_STORES)), port), strict=True))
    _configure(folder, ports)
    for name in _STORES:
        _ring(etc, name, ports[name])
    with ExitStack() as running:
        for name in ports:
            if name == "proxy":
                # It says that it is well as soon as it listens, and refuses (503) what the others do not take yet.
                _wait(ports[store] for store in _STORES)
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
    """Where everything lies: on the one device."""
    builder = RingBuilder(part_power=6, replicas=1, min_part_hours=0)
    address = {"ip": "127.0.0.1", "port": port, "device": "d1"}
    builder.add_dev({"region": 1, "zone": 1, "weight": 1, "meta": "", **address})
    builder.rebalance()
    builder.get_ring().save(str(etc / f"{name}.ring.gz"))


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


def _wait(ports: Iterable[int]) -> None:
    """Until somebody listens at each. Raises RuntimeError: that takes longer than anybody waits for us."""
    end = time.monotonic() + START_SECONDS
    for port in ports:
        while True:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 5):
                break
            if time.monotonic() > end:
                raise RuntimeError(f"nobody listens at port {port}: see the logs")
            time.sleep(0.05)


def _tool(name: str) -> str:
    """A script of Swift's, beside this Python."""
    found = shutil.which(name, path=str(Path(sys.executable).parent))
    if found is None:
        raise RuntimeError(f"{name} is not installed: make dev installs it")
    return found


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()  # its data is thrown away
    process.wait()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
