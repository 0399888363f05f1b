"""TLS to servers that sinks connect to by themselves."""

from __future__ import annotations

import ssl

import certifi

from jobs.errors import PermanentError


def client_context(*, ca: str | None) -> ssl.SSLContext:
    """For a client that looks at the server's certificate and name.

    Args:
        ca: The authorities to trust, as PEM; None for those that are trusted publicly.

    Raises:
        PermanentError: It is no PEM; code ``configuration``.
    """
    try:
        return ssl.create_default_context(cafile=None if ca else certifi.where(), cadata=ca)
    except (ssl.SSLError, TypeError, ValueError) as error:  # the latter of texts that are not ASCII
        raise PermanentError("ca_secret: the secret holds no certificates as PEM", code="configuration") from error
