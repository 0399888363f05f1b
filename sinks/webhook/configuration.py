"""What a sink of kind ``webhook`` is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ConfigDict, model_validator

from jobs.http.auth import Sign
from jobs.http.fields import SecretName, any_required, exactly_one
from sinks import call_configuration
from sinks.call_configuration import CallConfiguration, Url


class WebhookConfiguration(CallConfiguration):
    """Where messages go, and with which keys they are signed.

    Args:
        url: Where each is posted.
        url_secret: The name of a secret that holds the address, instead.
        sign: The keys; left out, messages bear an id and a time, and no signature.
    """

    model_config = ConfigDict(json_schema_extra=any_required("url", "url_secret"))

    url: Url | None = None
    url_secret: SecretName | None = None
    sign: Sign | None = None

    @model_validator(mode="after")
    def _one_address(self) -> WebhookConfiguration:
        exactly_one(self, "url", "url_secret")
        return self


def secrets_of(configuration: Mapping[str, Any]) -> Sequence[str]:
    """The names of the secrets that a valid configuration uses."""
    return [*call_configuration.secrets_of(configuration), *(configuration.get("sign") or {}).get("secrets", ())]
