"""Completion in bash, zsh and fish: the script that a shell loads, and the names of jobs that it asks for."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from click.shell_completion import BashComplete, add_completion_class, split_arg_string

from commandline.access import Access, base_folder, find_access
from commandline.api import PAGE_MOST, Api
from commandline.exits import Failure

VARIABLE = "_JOBSCTL_COMPLETE"
FRESH_SECONDS = 10.0
"""Somebody who presses Tab twice asks the API once."""

_BASH = """\
%(complete_func)s() {
    local line="${COMP_LINE:0:COMP_POINT}" response completion type value
    # Readline ends words at colons, which stand in the names of jobs: what stands before the last one is not to be said again.
    local word="${line##*[[:space:]]}" said=""
    if [[ $COMP_WORDBREAKS == *:* ]]; then
        said="${word%%"${word##*:}"}"
    fi
    response=$(env COMP_LINE="$line" %(complete_var)s=bash_complete "$1")
    COMPREPLY=()
    while IFS=',' read -r type value; do
        case $type in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            plain) COMPREPLY+=("${value#"$said"}") ;;
        esac
    done <<< "$response"
    return 0
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""


class ColonBashComplete(BashComplete):
    """click's, but that it reads the line as it was typed: bash would have taken ``task:ping`` apart at its colon."""

    source_template = _BASH

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the cursor, without the command; and the one at which it is, or nothing."""
        line = os.environ["COMP_LINE"]
        words = split_arg_string(line)[1:]
        if not words or line[-1:].isspace():
            return words, ""
        return words[:-1], words[-1]


def register() -> None:
    """Let click use this for bash; for zsh and fish it has what it takes."""
    add_completion_class(ColonBashComplete)


def job_names(
    *,
    environment: Mapping[str, str],
    fetch: Callable[[Access], list[str]] | None = None,
    clock: Callable[[], float] = time.time,
) -> list[str]:
    """The keys of the workspace's first 1,000 jobs, as they were `FRESH_SECONDS` ago at most; none where they cannot be had."""
    try:
        access = find_access(environment=environment)
        cache = _cache_file(access, environment)
        known = _fresh(cache, clock())
        if known is None:
            known = (fetch or _fetch)(access)
            _keep(cache, known, clock())
    except (Failure, OSError):
        return []
    return known


def _fetch(access: Access) -> list[str]:
    """One try: nobody waits for a completion."""
    with Api(access, tries=1) as api:
        return [job["key"] for job in api.get("jobs/", limit=PAGE_MOST)["results"]]


def _cache_file(access: Access, environment: Mapping[str, str]) -> Path:
    whose = hashlib.sha256("\n".join((access.url, access.workspace, access.token)).encode()).hexdigest()
    return base_folder(environment, "XDG_CACHE_HOME", ".cache") / "jobsctl" / f"names-{whose[:16]}.json"


def _fresh(cache: Path, now: float) -> list[str] | None:
    try:
        found = json.loads(cache.read_text(encoding="utf-8"))
        return list(found["names"]) if 0 <= now - found["at"] < FRESH_SECONDS else None
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def _keep(cache: Path, names: list[str], now: float) -> None:
    cache.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=cache.parent, delete=False, encoding="utf-8") as beside:
        json.dump({"at": now, "names": names}, beside)
    os.replace(beside.name, cache)
