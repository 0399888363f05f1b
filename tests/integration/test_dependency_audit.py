"""make audit."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

AUDIT = Path(__file__).resolve().parents[2] / "requirements" / "audit.py"
NOWHERE = "http://127.0.0.1:9"
"""Nobody listens there: with it for a proxy nobody can be asked."""


def test_a_list_that_cannot_be_reached_is_said_and_is_no_success() -> None:
    environment = {**os.environ, "HTTPS_PROXY": NOWHERE, "HTTP_PROXY": NOWHERE, "ALL_PROXY": NOWHERE, "NO_PROXY": ""}
    done = subprocess.run(
        [sys.executable, AUDIT, "spark"], env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stdout.startswith("spark: NOT AUDITED, for the list of vulnerabilities could not be asked: ")
