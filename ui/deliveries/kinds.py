"""The kinds of sink as people choose among them, and the forms of their configurations."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from jobs.errors import NotFoundError
from sinks import registry
from sinks.base import SinkKind
from ui.model_forms import ModelForm, form_of_model


class Look(NamedTuple):
    """What is said of a kind, its sign, and the fields that stand in its form at once."""

    told: object
    icon: str
    first: tuple[str, ...]


LOOKS: Mapping[str, Look] = {
    "webhook": Look(
        _("Signed messages to an address that listens, as Standard Webhooks says."),
        "send",
        ("url", "url_secret", "sign", "headers", "auth"),
    ),
    "http": Look(
        _("Any request that a web service wants: its body, its form, its address with gaps."),
        "forward",
        ("method", "url", "url_secret", "content", "template", "headers", "auth"),
    ),
    "s3": Look(
        _("Objects in a bucket, of Amazon or of whoever speaks its language."),
        "archive",
        ("bucket", "region", "prefix", "access_key_secret", "secret_key_secret", "endpoint_url", "format"),
    ),
    "file": Look(
        _("Files in a folder of this deployment, or of an SFTP server."),
        "box",
        ("path", "key", "format", "compression", "username", "password_secret", "host_key"),
    ),
    "sql": Look(
        _("Rows of a table, added or brought up to date."),
        "database",
        ("url_secret", "table", "columns", "key", "create"),
    ),
    "email": Look(
        _("A mail with the results in it or attached."), "bell", ("smtp", "from", "to", "subject", "body", "results")
    ),
    "kafka": Look(_("Records of a topic."), "forward", ("brokers", "topic", "key", "security", "sasl")),
    "message": Look(
        _("Messages to a queue of RabbitMQ or Redis."), "forward", ("url_secret", "queue", "exchange", "routing_key")
    ),
    "log": Look(_("Lines in the workers' own log: to try things out."), "list", ("prefix", "level")),
}
_UNITS = {"payload": _("single payloads"), "batch": _("batches of payloads"), "run": _("whole runs")}


class Offer(NamedTuple):
    """A kind that may be chosen."""

    kind: str
    title: str
    told: object
    icon: str


def kind_of(name: str) -> SinkKind:
    """The kind of that name. Raises NotFoundError."""
    found = registry.get(name)
    if found is None:
        raise NotFoundError(f"there is no kind of sink {name!r}")
    return found


def look_of(name: str) -> Look:
    """How a kind looks; one that is added by a package of its own says nothing, and shows all its fields."""
    return LOOKS.get(name) or Look("", "send", ())


def offers() -> list[Offer]:
    """All, those with words first, in the order of these."""
    known = registry.names()
    names = [*(name for name in LOOKS if name in known), *(name for name in known if name not in LOOKS)]
    return [Offer(name, kind_of(name).title, look_of(name).told, look_of(name).icon) for name in names]


def title_of(name: str) -> str:
    """What people call a kind; its name for one that there is not any more."""
    found = registry.get(name)
    return found.title if found else name


def takes(name: str) -> list[object]:
    """What a delivery to it may hold, in words, the usual one first; empty for a kind that there is not any more."""
    found = registry.get(name)
    return [_UNITS[unit] for unit in found.units] if found else []


def is_idempotent(name: str) -> bool:
    """Whether what is delivered twice is there once."""
    found = registry.get(name)
    return bool(found and found.idempotent)


@cache
def form_of(name: str) -> type[ModelForm]:
    """The form of a kind's configuration. Raises NotFoundError."""
    model = kind_of(name).configuration
    first = look_of(name).first or tuple(info.alias or field for field, info in model.model_fields.items())
    return form_of_model(model, first=first)
