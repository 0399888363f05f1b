"""Secrets of a workspace: written by people, read by workers, shown to nobody."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.db import transaction
from django.db.models.functions import Now

from jobs import secret_box
from jobs.acting import acting_as
from jobs.errors import FieldError, PermanentError, ValidationError
from jobs.models import Event, Secret, Workspace

MAX_VALUE_LENGTH = 65_536
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,99}")


def set_secret(*, workspace: Workspace, name: str, value: str, actor: str = "") -> Secret:
    """Store a secret, or replace its value.

    Args:
        workspace: The owner.
        name: A letter, then letters, digits, ``.``, ``_`` and ``-``; at most 100 characters.
        value: 1 to `MAX_VALUE_LENGTH` characters.
        actor: Who does it.

    Raises:
        ValidationError: The name or the value was refused; the message never holds the value.
    """
    ciphertext = seal(name=name, value=value)
    with acting_as(actor), transaction.atomic():
        secret, created = Secret.objects.update_or_create(
            workspace=workspace,
            name=name,
            defaults={"ciphertext": ciphertext, "updated_at": Now(), "updated_by": actor},
        )
        _record(secret, "secret.created" if created else "secret.replaced", actor=actor)
    return secret


def delete_secret(*, secret: Secret, actor: str) -> bool:
    """Delete a secret; what names it fails from now on. False when somebody else deleted it before."""
    with acting_as(actor), transaction.atomic():
        deleted, _ = Secret.objects.filter(pk=secret.pk).delete()
        if deleted:
            _record(secret, "secret.deleted", actor=actor)
    return bool(deleted)


def seal(*, name: str, value: str) -> bytes:
    """Check a secret and encrypt its value, without storing it. Raises ValidationError as `set_secret` does."""
    errors = []
    if not _NAME.fullmatch(name):
        errors.append(FieldError("name", "expected a letter, then letters, digits, . _ or -, at most 100 in all"))
    if not 1 <= len(value) <= MAX_VALUE_LENGTH:
        errors.append(FieldError("value", f"expected 1 to {MAX_VALUE_LENGTH} characters"))
    if errors:
        raise ValidationError(errors)
    try:
        return secret_box.seal(value)
    except (PermanentError, UnicodeEncodeError) as error:
        reason = str(error) if isinstance(error, PermanentError) else "the text holds half of a surrogate pair"
        raise ValidationError([FieldError("value", reason)]) from None


@dataclass(frozen=True, slots=True)
class Rotation:
    """What became of the secrets: those that the newest key decrypts now, and those that no key does, as ``workspace/name``."""

    rotated: int
    current: int
    unreadable: list[str]


def rotate_keys(*, dry_run: bool = False) -> Rotation:
    """Encrypt every secret with the newest key of JOBS_SECRET_KEYS that an older one encrypted.

    Safe while secrets are read and written, and to repeat: each is replaced only as it was read, so one that somebody sets
    meanwhile stays as they set it.

    Args:
        dry_run: Only look; ``rotated`` then counts those that would be.

    Raises:
        PermanentError: code ``secret``: JOBS_SECRET_KEYS is not set.
    """
    rotated = current = 0
    unreadable: list[str] = []
    for secret in Secret.objects.select_related("workspace").order_by("pk").iterator(chunk_size=500):
        if secret_box.is_current(bytes(secret.ciphertext)):
            current += 1
            continue
        try:
            resealed = secret_box.seal(secret_box.unseal(bytes(secret.ciphertext)))
        except PermanentError:
            unreadable.append(f"{secret.workspace.slug}/{secret.name}")
            continue
        unchanged = Secret.objects.filter(pk=secret.pk, ciphertext=secret.ciphertext)
        rotated += 1 if dry_run else unchanged.update(ciphertext=resealed)
    return Rotation(rotated, current, unreadable)


def read_secret(*, workspace_id: int, name: str) -> str:
    """Decrypt a secret, for the worker that needs it.

    Raises:
        PermanentError: code ``secret``: there is none of that name, or no key of this deployment fits.
    """
    ciphertext = (
        Secret.objects.filter(workspace_id=workspace_id, name=name).values_list("ciphertext", flat=True).first()
    )
    if ciphertext is None:
        raise PermanentError(f"the workspace has no secret named {name!r}", code="secret")
    return secret_box.unseal(bytes(ciphertext))


def _record(secret: Secret, kind: str, *, actor: str) -> None:
    """That it was done, and nothing of what is in it."""
    Event.objects.create(workspace_id=secret.workspace_id, kind=kind, actor=actor, data={"secret": secret.name})
