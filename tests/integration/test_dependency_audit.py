"""make audit, beside a list of vulnerabilities that says what the test wants."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

AUDIT = Path(__file__).resolve().parents[2] / "requirements" / "audit.py"
NOWHERE = "http://127.0.0.1:9"
"""Nobody listens there: with it for a proxy nobody can be asked."""
HOLE = {
    "id": "EXAMPLE-2026-1",
    "summary": "anybody may do anything",
    "affected": [
        {
            "package": {"name": "py4j", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99.1"}]}],
        }
    ],
}


@contextmanager
def a_list_that_says(holes: Mapping[str, object], *, status: int = 200) -> Iterator[tuple[str, list[str]]]:
    """The address of a server that knows these holes by their packages, as OSV's answers have them, and whom it was asked about."""
    asked: list[str] = []

    class Osv(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append(f"{query['package']['name']} {query['version']}")
            found = holes.get(query["package"]["name"])
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps({"vulns": [found]} if found else {}).encode())

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Osv) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1/query", asked
        server.shutdown()
        thread.join()


def audited(**environment: str) -> subprocess.CompletedProcess[str]:
    """What the command says of the smallest lock."""
    return subprocess.run(
        [sys.executable, AUDIT, "spark"],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def locked() -> list[str]:
    """What the smallest lock names, as `name version`."""
    lines = (AUDIT.parent / "spark.txt").read_text(encoding="utf-8").splitlines()
    return sorted(line.split(" ")[0].replace("==", " ") for line in lines if "==" in line)


def test_a_known_hole_fails_the_command_and_its_package_is_named() -> None:
    with a_list_that_says({"py4j": HOLE}) as (address, asked):
        done = audited(OSV_URL=address, NO_PROXY="*")
    (version,) = (each.removeprefix("py4j ") for each in locked() if each.startswith("py4j "))
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout.splitlines() == [
        f"spark: {len(locked())} packages, 1 known vulnerabilities",
        f"  py4j {version}: EXAMPLE-2026-1, mended in 99.1",
    ]
    assert sorted(asked) == locked()


def test_no_known_hole_is_a_success() -> None:
    with a_list_that_says({}) as (address, asked):
        done = audited(OSV_URL=address, NO_PROXY="*")
    assert (done.returncode, done.stdout) == (0, f"spark: {len(locked())} packages, no known vulnerabilities\n")
    assert sorted(asked) == locked()


def test_a_list_that_answers_with_an_error_is_no_success() -> None:
    with a_list_that_says({}, status=500) as (address, _):
        done = audited(OSV_URL=address, NO_PROXY="*")
    assert (done.returncode, done.stdout.startswith("spark: NOT AUDITED")) == (2, True), done.stdout + done.stderr


def test_a_list_that_cannot_be_reached_is_said_and_is_no_success() -> None:
    done = audited(HTTPS_PROXY=NOWHERE, HTTP_PROXY=NOWHERE, ALL_PROXY=NOWHERE, NO_PROXY="")
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stdout.startswith("spark: NOT AUDITED, for the list of vulnerabilities could not be asked: ")
