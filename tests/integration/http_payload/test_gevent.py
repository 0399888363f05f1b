"""The http kind under the gevent pool."""

import json
import subprocess
import sys


def test_twenty_slow_calls_of_one_thread_end_together_and_hold_nobody() -> None:
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.integration.http_payload.gevent_calls"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    report = json.loads(ended.stdout.splitlines()[-1])
    assert report["slow"] == ["not finished within 0.5 s"]
    assert report["quick"] == 200
    assert report["together_seconds"] < 3
    assert report["cancelled"] == "cancelled"
