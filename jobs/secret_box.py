"""Encryption of secrets at rest."""

from __future__ import annotations

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from jobs.errors import PermanentError


def seal(value: str) -> bytes:
    """Encrypt with the newest key of JOBS_SECRET_KEYS."""
    return _box().encrypt(value.encode())


def unseal(ciphertext: bytes) -> str:
    """Decrypt with whichever key fits. Raises PermanentError when none does."""
    try:
        return _box().decrypt(bytes(ciphertext)).decode()
    except InvalidToken:
        raise PermanentError(
            "the secret was encrypted with a key that JOBS_SECRET_KEYS no longer holds", code="secret"
        ) from None


def is_current(ciphertext: bytes) -> bool:
    """Whether the newest key of JOBS_SECRET_KEYS decrypts it. Raises PermanentError when there are no keys."""
    try:
        Fernet(_keys()[0]).decrypt(bytes(ciphertext))
    except InvalidToken:
        return False
    return True


def _box() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in _keys()])


def _keys() -> list[str]:
    if not settings.JOBS_SECRET_KEYS:
        raise PermanentError("JOBS_SECRET_KEYS is not set, so secrets can be neither stored nor read", code="secret")
    return list(settings.JOBS_SECRET_KEYS)
