"""Writing the audit: in the transaction of what it tells of."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.db.models import Model
from django.db.models.signals import post_delete, post_save, pre_save

from jobs.acting import sign, who
from jobs.masking import HIDDEN, differences
from jobs.models import ApiToken, AuditEntry, Membership, Secret, Workspace

_HIDDEN = frozenset(("ciphertext", "digest", "password"))
_LEFT_OUT = frozenset(("id", "workspace_id", "created_at", "updated_at", "last_login", "date_joined", "last_used_at"))
_WORDS: dict[type[Model], tuple[str, str, str]] = {
    Membership: ("member.added", "member.changed", "member.removed"),
    ApiToken: ("token.created", "token.changed", "token.revoked"),
    Secret: ("secret.set", "secret.set", "secret.deleted"),
    Workspace: ("workspace.created", "workspace.changed", "workspace.deleted"),
    User: ("user.created", "user.changed", "user.deleted"),
}
"""What is written by forms as well as by services, and so is looked after here, whoever writes it. The events that services write
of these are left out by the trigger that copies events."""
_WRITES_EVENTS = re.compile(r'\binsert\s+into\s+"?jobs_event\b', re.IGNORECASE)


def record(
    *,
    workspace_id: int | None,
    action: str,
    target: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    actor: str | None = None,
) -> None:
    """Tell that something was changed. Call it within the transaction that changes it.

    Args:
        workspace_id: Whose; None for what belongs to none, such as a user.
        action: Such as ``job.updated``.
        target: Such as ``job task:ping``.
        before, after: The whole of it; only what differs is kept, with secrets masked. None where it was not, or is no more.
        actor: Who did it, where the caller was told; else whoever makes the request or runs the command. Nobody: the system did,
            and no entry is written.
    """
    acting = who()
    name = acting.actor if actor is None else actor
    if not name:
        return
    former, present = differences(before, after)
    AuditEntry.objects.create(
        workspace_id=workspace_id,
        actor=name[:200],
        via=acting.via[:60],
        token=acting.token[:100],
        action=action,
        target=target[:300],
        before=former,
        after=present,
    )


def watch_models() -> None:
    """Tell of whatever is written of `_WORDS`, by whatever way. Called once, when Django has started."""
    for model in _WORDS:
        pre_save.connect(_remember, sender=model, dispatch_uid=f"audit-{model.__name__}")
        post_save.connect(_saved, sender=model, dispatch_uid=f"audit-{model.__name__}")
        post_delete.connect(_deleted, sender=model, dispatch_uid=f"audit-{model.__name__}")


def watch_statements() -> None:
    """Have each statement that writes events signed, see `jobs.acting.sign`. Called once, when Django has started."""
    connection_created.connect(_watch_connection, dispatch_uid="audit-statements")


def _watch_connection(connection: BaseDatabaseWrapper, **_: Any) -> None:
    # In front: Django takes the last one away where a with block that added one ends, and that may have opened the connection.
    if _signed not in connection.execute_wrappers:
        connection.execute_wrappers.insert(0, _signed)


def _signed(execute: Callable[..., Any], statement: str, parameters: Any, many: bool, context: dict[str, Any]) -> Any:
    if not ("jobs_event" in statement and _WRITES_EVENTS.search(statement) and who().via):
        return execute(statement, parameters, many, context)
    connection = context["connection"]
    with nullcontext() if connection.in_atomic_block else transaction.atomic(using=connection.alias):
        sign(context["cursor"].cursor)
        return execute(statement, parameters, many, context)


def _remember(sender: type[Model], instance: Model, raw: bool = False, **_: Any) -> None:
    former = None if raw or instance.pk is None else sender._base_manager.filter(pk=instance.pk).first()
    instance._audit_before = None if former is None else _columns(former)  # type: ignore[attr-defined]


def _saved(sender: type[Model], instance: Model, created: bool, raw: bool = False, **_: Any) -> None:
    before, after = getattr(instance, "_audit_before", None), _columns(instance)
    if not raw and before != after:
        _tell(instance, _WORDS[sender][0 if created else 1], before, after)


def _deleted(sender: type[Model], instance: Model, **_: Any) -> None:
    _tell(instance, _WORDS[sender][2], _columns(instance), None)


def _tell(instance: Model, action: str, before: dict[str, Any] | None, after: dict[str, Any] | None) -> None:
    for name in _HIDDEN:
        _hide(name, before, after)
    workspace_id = instance.pk if isinstance(instance, Workspace) else getattr(instance, "workspace_id", None)
    target = f"{action.partition('.')[0]} {_name(instance)}"
    record(workspace_id=workspace_id, action=action, target=target, before=before, after=after)


def _hide(name: str, before: dict[str, Any] | None, after: dict[str, Any] | None) -> None:
    """Leave nothing to be seen of a value but whether it was changed."""
    changed = before is not None and after is not None and before.get(name) != after.get(name)
    for each, word in ((before, HIDDEN), (after, f"{HIDDEN}, changed" if changed else HIDDEN)):
        if each is not None and name in each:
            each[name] = word


def _name(instance: Model) -> str:
    """A member is called as the person is; a token as it is called, and whose it is; the others as they are called."""
    return str(instance.user) if isinstance(instance, Membership) else str(instance)


def _columns(instance: Model) -> dict[str, Any]:
    """What is stored, as JSON can say it."""
    names = [field.attname for field in instance._meta.concrete_fields if field.attname not in _LEFT_OUT]
    return {name: _plain(getattr(instance, name)) for name in names}


def _plain(value: Any) -> Any:
    if isinstance(value, memoryview | bytes):
        return bytes(value).hex()
    return value if isinstance(value, str | int | None) else str(value)
