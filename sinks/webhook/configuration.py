"""What a sink of kind ``webhook`` is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jobs.http.auth import Sign
from sinks import call_configuration
from sinks.call_configuration import CallConfiguration, Url


class WebhookConfiguration(CallConfiguration):
    """Where messages go, and with which keys they are signed.

    Args:
        url: Where each is posted.
        sign: The keys; left out, messages bear an id and a time, and no signature.
    """

    url: Url
    sign: Sign | None = None


def secrets_of(configuration: Mapping[str, Any]) -> Sequence[str]:
    """The names of the secrets that a valid configuration uses."""
    return [*call_configuration.secrets_of(configuration), *(configuration.get("sign") or {}).get("secrets", ())]
