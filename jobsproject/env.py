"""Strict readers of the environment: a setting that is present and wrong stops the start, with its name and what is right."""

from __future__ import annotations

import ipaddress
import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit
from zoneinfo import available_timezones

from django.core.exceptions import ImproperlyConfigured

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


def text(name: str, default: str | None = None) -> str:
    """The variable, or the default; without a default the variable must be set."""
    value = os.environ.get(name, "")
    if value:
        return value
    if default is None:
        raise ImproperlyConfigured(
            f"{name} is not set. Beside `make up` it is found by itself, but nothing runs in this checkout; a deployment sets it"
            " (docs/how-to/deploy.md)"
        )
    return default


def flag(name: str, default: bool) -> bool:
    """true/false, yes/no, on/off or 1/0."""
    words = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
    value = text(name, str(default)).lower()
    if value not in words:
        raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}")
    return words[value]


def number(name: str, default: float, *, least: float = 0, most: float = float("inf")) -> float:
    """A number from ``least`` to ``most``."""
    value = text(name, str(default))
    try:
        parsed = float(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a number, not {value!r}") from None
    if not parsed >= least:
        raise ImproperlyConfigured(f"{name} must be at least {least:g}, not {value!r}")
    if parsed > most:
        raise ImproperlyConfigured(f"{name} must be at most {most:g}, not {value!r}")
    return parsed


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated list, without blanks and empty entries."""
    return [word.strip() for word in text(name, default or " ").split(",") if word.strip()]


def folder(name: str) -> Path | None:
    """An absolute path, or None when it is not set."""
    value = text(name, " ").strip()
    if value and not Path(value).is_absolute():
        raise ImproperlyConfigured(f"{name} must be an absolute path such as /srv/jobs/files, not {value!r}")
    return Path(value).resolve() if value else None


def apart(name: str, folder: Path | None, others_name: str, others: Sequence[Path]) -> None:
    """Refuse a folder that lies in another setting's folders, or holds one of them."""
    for other in others if folder else ():
        assert folder is not None
        if folder.is_relative_to(other) or other.is_relative_to(folder):
            raise ImproperlyConfigured(
                f"{name} ({folder}) and {others_name} ({other}) must not overlap: what lies in the one would be read, or erased, as"
                " what belongs into the other"
            )


def result_storage(
    name: str, options_name: str, *, otherwise: Path | None, apart_from: Mapping[str, Sequence[Path]]
) -> dict[str, object]:
    """Where large results are kept, as a part of Django's STORAGES: empty for nowhere.

    Args:
        name: Of the variable: an absolute folder, or ``s3://bucket/prefix``.
        options_name: Of the variable with a JSON object: ``endpoint_url``, ``region`` and ``path_style`` of the bucket.
        otherwise: The folder where the variable is not set.
        apart_from: By their settings' names the folders that a folder must not overlap.
    """
    value = text(name, " ").strip()
    if value.startswith("s3://"):
        options = _bucket(name, value) | _bucket_options(options_name)
        return {"results": {"BACKEND": "jobs.result_bucket.ResultBucket", "OPTIONS": options}}
    named = folder(name)
    for others_name, others in apart_from.items():
        apart(name, named, others_name, others)
    location = named or otherwise
    if location is None:
        return {}
    return {"results": {"BACKEND": "jobs.result_files.ResultFiles", "OPTIONS": {"location": str(location)}}}


def _bucket(name: str, value: str) -> dict[str, object]:
    bucket, _, prefix = value.removeprefix("s3://").partition("/")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]+", bucket):
        raise ImproperlyConfigured(f"{name} must be an absolute folder or s3://bucket/prefix, not {value!r}")
    return {"bucket": bucket, "prefix": prefix}


def _bucket_options(name: str) -> dict[str, object]:
    options, known = json_object(name), {"endpoint_url": str, "region": str, "path_style": bool}
    for option, given in options.items():
        if option not in known or not isinstance(given, known[option]):
            raise ImproperlyConfigured(
                f"{name} may have endpoint_url and region (texts) and path_style (true or false): look at {option!r}"
            )
    return options


def json_object(name: str) -> dict[str, object]:
    """A JSON object; empty when it is not set."""
    try:
        value = json.loads(text(name, "{}"))
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a JSON object: {error}") from None
    if not isinstance(value, dict):
        raise ImproperlyConfigured(f"{name} must be a JSON object, not {value!r}")
    return value


def url(name: str) -> str:
    """An address such as https://jobs.example.org, without a slash at its end; empty when it is not set."""
    value = text(name, " ").strip().rstrip("/")
    if value and not re.fullmatch(r"https?://[^/?#@\s]+(/[^?#\s]*)?", value):
        raise ImproperlyConfigured(f"{name} must be an address such as https://jobs.example.org, not {value!r}")
    return value


def rate(name: str) -> tuple[int, int] | None:
    """So many in so many seconds, such as ``600/60``; None when it is not set."""
    value = text(name, " ").strip()
    if not value:
        return None
    match = re.fullmatch(r"([1-9][0-9]{0,8})/([1-9][0-9]{0,5})", value)
    if match is None:
        raise ImproperlyConfigured(
            f"{name} must be requests/seconds such as 600/60, or nothing for no limit, not {value!r}"
        )
    return int(match[1]), int(match[2])


def redis(name: str, default: str) -> str:
    """The address of a Redis, as its own client writes it: Celery writes ``redis+socket://`` for a unix socket."""
    value = text(name, default)
    if value.startswith("redis+socket://"):
        return value.replace("redis+socket://", "unix://", 1).replace("virtual_host=", "db=")
    if not value.startswith(("redis://", "rediss://", "unix://")):
        raise ImproperlyConfigured(f"{name} must be a Redis such as redis://localhost:6379/1, not {value!r}")
    return value


def time_zone(name: str, default: str) -> str:
    """The IANA name of a time zone, such as Europe/Berlin."""
    value = text(name, default)
    if value not in available_timezones():
        raise ImproperlyConfigured(f"{name} must be the name of a time zone such as Europe/Berlin, not {value!r}")
    return value


def networks(name: str) -> list[IPNetwork]:
    """A comma-separated list of networks such as 127.0.0.0/8 or ::1/128."""
    try:
        return [ipaddress.ip_network(word) for word in words(name)]
    except ValueError as error:
        raise ImproperlyConfigured(
            f"{name} must be networks such as 10.1.0.0/16, separated by commas: {error}"
        ) from None


def database(name: str) -> dict[str, object]:
    """A PostgreSQL URL as Django's settings.

    ``postgresql://user:password@host:port/name``; a host that begins with a slash (percent-encoded) is a folder of unix sockets.
    """
    url = urlsplit(text(name))
    if url.scheme not in ("postgresql", "postgres") or not url.path.strip("/"):
        raise ImproperlyConfigured(f"{name} must be postgresql://user:password@host:port/database")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(url.path.strip("/")),
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": unquote(url.hostname or "") if "%2F" not in url.netloc.upper() else unquote(_raw_host(url.netloc)),
        "PORT": str(url.port or ""),
    }


def session(**seconds: float) -> str:
    """PostgreSQL's ``options`` for time limits of a session, in seconds; 0 is none."""
    return " ".join(f"-c {name}={round(1000 * limit)}" for name, limit in seconds.items())


def _raw_host(netloc: str) -> str:
    """The host with its case kept: urlsplit's ``hostname`` lowers it, which a folder's name does not survive."""
    return netloc.rpartition("@")[2].partition(":")[0]
