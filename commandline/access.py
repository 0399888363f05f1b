"""Where the API is, and the token for it: from the environment, or from the file that ``jobsctl login`` leaves.

The token is never an argument: everybody on a machine can read the arguments of its processes.
"""

from __future__ import annotations

import json
import os
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from commandline.exits import Exit, Failure

_FILE = "login.json"


@dataclass(frozen=True)
class Access:
    """Whom to call. ``url`` has no slash at its end."""

    url: str
    workspace: str
    token: str = field(repr=False)


def find_access(*, environment: Mapping[str, str], workspace: str | None = None) -> Access:
    """Who is to be called, and as whom.

    Args:
        environment: ``JOBS_URL``, ``JOBS_TOKEN`` and ``JOBS_WORKSPACE`` win over the file.
        workspace: As the command line has it, which wins over all.

    Raises:
        Failure: Something of it is nowhere said, or the file can be read by others.
    """
    stored = _read(login_file(environment))
    url = checked_url(environment.get("JOBS_URL") or stored.get("url", ""))
    token = environment.get("JOBS_TOKEN", "")
    if not token and stored.get("url") == url:  # A stored token is shown to nobody but whom it was stored for.
        token = stored.get("token", "")
    slug = workspace or environment.get("JOBS_WORKSPACE") or stored.get("workspace", "")
    missing = [name for name, value in (("JOBS_TOKEN", token), ("JOBS_WORKSPACE", slug)) if not value]
    if missing:
        raise Failure(Exit.USAGE, f"there is no {' and no '.join(missing)} for {url}: jobsctl login, or set them")
    return Access(url, slug, checked_token(token))


def store_access(access: Access, *, environment: Mapping[str, str]) -> Path:
    """Keep it for the commands to come, readable by its owner alone. Raises Failure when it cannot be written."""
    file = login_file(environment)
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=file.parent, delete=False, encoding="utf-8") as beside:  # Mode 600.
            json.dump({"url": access.url, "workspace": access.workspace, "token": access.token}, beside)
        os.replace(beside.name, file)
    except OSError as error:
        raise Failure(Exit.USAGE, f"the login cannot be stored: {error}") from error
    return file


def forget_access(*, environment: Mapping[str, str]) -> bool:
    """Remove what was stored; False when nothing was."""
    try:
        login_file(environment).unlink()
    except FileNotFoundError:
        return False
    return True


def login_file(environment: Mapping[str, str]) -> Path:
    """Below ``XDG_CONFIG_HOME``, or ~/.config. Source: XDG Base Directory Specification, which has relative paths ignored."""
    return base_folder(environment, "XDG_CONFIG_HOME", ".config") / "jobsctl" / _FILE


def base_folder(environment: Mapping[str, str], variable: str, otherwise: str) -> Path:
    """One of the base directories of XDG."""
    named = Path(environment.get(variable, ""))
    return named if named.is_absolute() else Path.home() / otherwise


def checked_url(url: str) -> str:
    """The address without a slash at its end. Raises Failure when it is none of a web site."""
    if not url:
        raise Failure(Exit.USAGE, "not logged in: jobsctl login, or set JOBS_URL, JOBS_WORKSPACE and JOBS_TOKEN")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise Failure(Exit.USAGE, f"{url}: expected an address such as https://jobs.example.org")
    if parts.username is not None or parts.password is not None:
        raise Failure(Exit.USAGE, "an address has no user and no password in it: a token is asked for")
    return url.rstrip("/")


def checked_token(token: str) -> str:
    """The token. Raises Failure, without showing it, when it cannot stand in a header."""
    if not token.isascii() or not token.isprintable() or " " in token:
        raise Failure(Exit.USAGE, "that is no token: it has characters in it that none has")
    return token


def _read(file: Path) -> dict[str, str]:
    try:
        if stat.S_IMODE(file.stat().st_mode) & 0o077:
            raise Failure(Exit.USAGE, f"others may read the token in {file}: chmod 600 {file}")
        found = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise Failure(Exit.USAGE, f"{file} cannot be read: {error}; jobsctl login writes it anew") from error
    return {name: value for name, value in found.items() if isinstance(value, str)} if isinstance(found, dict) else {}
