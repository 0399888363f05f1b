"""Whether what the locks name has holes that are known: asks OSV, the open list of vulnerabilities, through pip-audit.

``make audit``. Ends with 0 when nothing is known, with 1 when something is, and with 2 when nobody could be asked: no answer is not
a good one. ``OSV_URL`` names another place than the public one that answers alike, such as a copy in one's own network.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
LOCKS = ("base", "kafka", "sftp", "spark", "embedded", "dev")
"""What a deployment runs, what the embedded system runs, and what the checks run."""
CLEAN, HOLES, NOT_ASKED = 0, 1, 2


def main(names: list[str]) -> int:
    """Audit these locks, or all; the worst of their outcomes."""
    return max(audit(name) for name in names or LOCKS)


def audit(name: str) -> int:
    """Print what is known of one lock's packages."""
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", "--vulnerability-service", "osv"]
    command += ["--format", "json", "--progress-spinner", "off", "--requirement", str(HERE / f"{name}.txt")]
    if elsewhere := os.environ.get("OSV_URL"):
        command += ["--osv-url", elsewhere]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        found = json.loads(done.stdout)
    except ValueError:
        reason = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        print(f"{name}: NOT AUDITED, for the list of vulnerabilities could not be asked: {reason[0]}")
        return NOT_ASKED
    holes = [line for package in found["dependencies"] for line in _holes(package)]
    print(
        f"{name}: {len(found['dependencies'])} packages, {len(holes) or 'no'} known vulnerabilities", *holes, sep="\n  "
    )
    return HOLES if holes else CLEAN


def _holes(package: dict[str, Any]) -> list[str]:
    return [
        f"{package['name']} {package['version']}: {hole['id']}, mended in {', '.join(hole['fix_versions']) or 'no version'}"
        for hole in package.get("vulns", [])
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
