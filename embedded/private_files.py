"""Folders and files that nobody else may read."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

from embedded.errors import StartError


def private_folder(path: Path, *, owner: int | None = None) -> Path:
    """Create a folder of mode 0700, or check that the one there is a real folder of that owner and close it to others.

    Args:
        path: Its parents are created with the process's umask.
        owner: A user id; by default the one that runs us.

    Raises:
        StartError: It is a symbolic link or a file, or belongs to somebody else.
    """
    owner = os.geteuid() if owner is None else owner
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.mkdir(mode=0o700)
        if owner != os.geteuid():
            os.chown(path, owner, -1, follow_symlinks=False)
    except FileExistsError:
        pass
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner:
        raise StartError(f"{path} is not a folder of user id {owner}: remove it, or start as the user it belongs to")
    if stat.S_IMODE(found.st_mode) != 0o700:
        path.chmod(0o700)
    return path


def write_private(path: Path, text: str, *, owner: int | None = None) -> None:
    """Replace a file in one step by one of mode 0600, so that a reader sees the old text or the new, and others nothing."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        if owner is not None:
            os.fchown(descriptor, owner, -1)
        file.write(text)
    unfinished.replace(path)


def write_private_json(path: Path, value: object) -> None:
    """`write_private`, as JSON."""
    write_private(path, json.dumps(value, indent=2) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object, or an empty one when there is no such file.

    Raises:
        StartError: The file is there and not JSON.
    """
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise StartError(f"{path} is damaged ({error}); move it away to start anew") from error
