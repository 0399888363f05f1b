"""Where a checkout's servers keep their data, who they run as, and where their sockets are.

Source: docs/adr/0003-embedded-services.md
"""

from __future__ import annotations

import base64
import hashlib
import os
import pwd
import re
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from embedded.binaries import PostgresPrograms
from embedded.errors import StartError
from embedded.private_files import private_folder, read_json, write_private_json
from embedded.processes import OURSELVES, Account

DEFAULT_STORE = "/var/lib/jobs-embedded"
LONGEST_SOCKET_FOLDER = 107 - len("/.s.PGSQL.5432")  # unix(7): sun_path has 108 bytes, the last of them zero
_PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]+")  # what needs no quoting in a URL or a PostgreSQL setting


@dataclass(frozen=True)
class Home:
    """The folders of one set of servers.

    Args:
        private: The checkout's ``.data`` (or one below it): mode 0700, ours.
        data: Where the servers' own folders are. ``private`` itself, unless we are root: then a folder of the store, because the
            unprivileged account cannot pass through ``private``, and perhaps not through the folders above it either.
        account: Who the servers run as.
        secrets: Generated once, kept in ``private/secrets.json``.
    """

    private: Path
    data: Path
    account: Account
    secrets: dict[str, str] = field(repr=False)

    @property
    def postgres_password(self) -> str:
        """The password of the database's owner."""
        return self.secrets["postgres_password"]

    def folder(self, name: str) -> Path:
        """A folder that only the servers' account (and root) may enter."""
        return private_folder(self.data / name, owner=self.account.uid)

    def log(self, name: str) -> Path:
        """The file for a server's output."""
        return private_folder(self.private / "logs") / f"{name}.log"

    def sockets(self) -> Path:
        """The private folder for unix sockets: beside the data, or elsewhere where that path is too long for a socket."""
        beside = self.data / "run"
        if len(os.fsencode(beside)) <= LONGEST_SOCKET_FOLDER and _PLAIN_PATH.fullmatch(str(beside)):
            return self.folder("run")
        return private_folder(_short_folder() / f"jobs-{self.secrets['id']}", owner=self.account.uid)

    def reachable(self, installed: PostgresPrograms) -> Path:
        """The folder of PostgreSQL's programs: a copy, where the installed ones lie behind a folder closed to the account."""
        postgres = installed.programs / "postgres"
        if not installed.parts or self._can_run(postgres):
            return installed.programs
        return self._copy(program=postgres, parts=installed.parts).parent

    def reachable_program(self, program: Path) -> Path:
        """The same for a program that is one file."""
        return program if self._can_run(program) else self._copy(program=program, parts=[program])

    def erase(self) -> None:
        """Remove the data, the sockets and the private folder. The servers must have been stopped."""
        shutil.rmtree(_short_folder() / f"jobs-{self.secrets['id']}", ignore_errors=True)
        shutil.rmtree(self.data, ignore_errors=True)
        shutil.rmtree(self.private, ignore_errors=True)

    def _can_run(self, program: Path) -> bool:
        try:
            told = subprocess.run(
                [program, "--version"], cwd="/", capture_output=True, check=False, **self.account.popen_options
            )
        except PermissionError:
            return False
        return told.returncode == 0

    def _copy(self, *, program: Path, parts: Sequence[Path]) -> Path:
        """Copy a program once for each version installed. The copy is ours: the account can run it and not change it."""
        above = Path(os.path.commonpath([part.parent for part in parts]))
        stamp = f"{program}|{program.stat().st_mtime_ns}|{program.stat().st_size}"
        copy = open_folder(self.data / "software") / hashlib.sha256(stamp.encode()).hexdigest()[:12]
        if not copy.exists():
            unfinished = copy.with_suffix(".unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            for part in parts:
                _copy_part(part, unfinished / part.relative_to(above))
            _let_everyone_read(unfinished)
            unfinished.rename(copy)
        return copy / program.relative_to(above)


def open_home(private: Path) -> Home:
    """Open, or on the first start create, the home of the servers that belong to a private folder.

    Raises:
        StartError: A folder belongs to somebody else, or there is no place for the data.
    """
    private = private_folder(private.absolute())
    known = generated_secrets(private)
    if os.geteuid() != 0:
        return Home(private=private, data=private, account=OURSELVES, secrets=known)
    return Home(private=private, data=_store(known["id"]), account=unprivileged_account(), secrets=known)


def unprivileged_account() -> Account:
    """The account ``nobody``: PostgreSQL refuses to run as root, and needs one that has a name.

    Raises:
        StartError: The machine has no such account.
    """
    try:
        found = pwd.getpwnam("nobody")
    except KeyError:
        raise StartError(
            "as root, the servers run as the account `nobody`, which this machine does not have: add it"
        ) from None
    return Account(uid=found.pw_uid, gid=found.pw_gid)


def open_folder(path: Path) -> Path:
    """Create a folder of ours that others may pass through but not list."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o711)
    return path


def generated_secrets(private: Path) -> dict[str, str]:
    """What was generated at the first start (``secrets.json``), completed by what newer versions need."""
    path = private_folder(private.absolute()) / "secrets.json"
    known = read_json(path)
    makers: dict[str, Callable[[], str]] = {
        "id": partial(secrets.token_hex, 8),
        "postgres_password": partial(secrets.token_urlsafe, 24),
        "secret_key": partial(secrets.token_urlsafe, 50),
        "fernet_key": lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    }
    complete = {name: known.get(name) or make() for name, make in makers.items()}
    if complete != known:
        write_private_json(path, complete)
    return complete


def _store(home_id: str) -> Path:
    """The folder for the data of a home when we are root; it stays where it is when the machine restarts."""
    store = Path(os.environ.get("EMBEDDED_STORE") or DEFAULT_STORE)
    try:
        return open_folder(open_folder(store) / home_id)
    except OSError as error:
        raise StartError(
            f"cannot keep data in {store} ({error.strerror}): set EMBEDDED_STORE to a folder that can"
        ) from error


def _short_folder() -> Path:
    """Where a path is short: the user's runtime folder, else the machine's folder for temporary files."""
    candidates = [os.environ.get("XDG_RUNTIME_DIR", ""), tempfile.gettempdir(), "/tmp"]  # noqa: S108 - a 0700 folder is made in it
    if os.geteuid() == 0:
        del candidates[0]  # the unprivileged account cannot pass through root's
    short = [name for name in candidates if _PLAIN_PATH.fullmatch(name) and len(name) < 60]
    return next(Path(name) for name in short if name == "/tmp" or os.access(name, os.W_OK))  # noqa: S108


def _copy_part(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True)
    else:
        shutil.copy2(source, target)


def _let_everyone_read(tree: Path) -> None:
    """Whatever umask the programs were installed under."""
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
