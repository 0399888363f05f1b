"""boto3's client for a sink: with its own credentials or those of a role, and only to permitted addresses."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import (
    CredentialProvider,
    CredentialResolver,
    DeferredRefreshableCredentials,
    create_assume_role_refresher,
)

from jobs.errors import PermanentError
from sinks.base import Surroundings
from sinks.s3.configuration import S3Configuration
from sinks.s3.permitted import PermittedSession

ENVIRONMENT = "s3-environment"
"""What a deployment says in JOBS_SINKS_MAY to let sinks use the worker's own credentials."""
CONNECT_SECONDS = 10.0
AT_ONCE = 10
_TRIES = 3
"""Of one request, within one attempt at a delivery."""


def connected(configuration: S3Configuration, surroundings: Surroundings, *, closing: ExitStack) -> Any:
    """A client for many threads; it connects when it is used.

    Args:
        configuration: Where.
        surroundings: Gives secrets, and permits.
        closing: Closes its connections.

    Raises:
        PermanentError: A secret is missing (``secret``), no keys are given and the worker's own are refused (``credentials``), or
            the authorities are no PEM (``configuration``).
    """
    core = _credentials(configuration, surroundings)
    if configuration.role_arn:
        core = _in_role(core, configuration, surroundings, closing)
    return _client(
        core,
        "s3",
        configuration,
        surroundings,
        closing,
        endpoint_url=configuration.endpoint_url,
        s3={
            "addressing_style": "path" if configuration.path_style else "auto",
            "payload_signing_enabled": True,  # so that the service checks what arrived, with TLS, too
        },
    )


def _credentials(configuration: S3Configuration, surroundings: Surroundings) -> Any:
    access, secret, token = (
        name and surroundings.secret(name)
        for name in (
            configuration.access_key_secret,
            configuration.secret_key_secret,
            configuration.session_token_secret,
        )
    )
    if not access and not surroundings.allowed(ENVIRONMENT):
        raise PermanentError(
            "access_key_secret: give keys, because this deployment does not let sinks use its own credentials; "
            f"whoever runs it can, with JOBS_SINKS_MAY={ENVIRONMENT}",
            code="credentials",
        )
    core = botocore.session.Session()
    if access:
        core.set_credentials(access, secret, token)
    return core


def _in_role(core: Any, configuration: S3Configuration, surroundings: Surroundings, closing: ExitStack) -> Any:
    asked = {"RoleArn": configuration.role_arn, "RoleSessionName": "jobs-sink"}
    if configuration.external_id_secret:
        asked["ExternalId"] = surroundings.secret(configuration.external_id_secret)
    sts = _client(core, "sts", configuration, surroundings, closing, endpoint_url=configuration.sts_endpoint_url)
    inside = botocore.session.Session()
    inside.register_component("credential_provider", CredentialResolver([_Role(sts, asked)]))
    return inside


class _Role(CredentialProvider):  # type: ignore[misc]  # botocore is untyped
    """Credentials of a role, taken on when they are needed, and anew before they end."""

    METHOD = "assume-role"

    def __init__(self, sts: Any, asked: dict[str, Any]) -> None:
        super().__init__()
        self._refresh = create_assume_role_refresher(sts, asked)

    def load(self) -> Any:
        return DeferredRefreshableCredentials(refresh_using=self._refresh, method=self.METHOD)


def _client(
    core: Any,
    name: str,
    configuration: S3Configuration,
    surroundings: Surroundings,
    closing: ExitStack,
    *,
    endpoint_url: str | None,
    **options: Any,
) -> Any:
    client = boto3.session.Session(botocore_session=core, region_name=configuration.region).client(
        name,
        endpoint_url=endpoint_url,
        config=Config(
            retries={"mode": "standard", "total_max_attempts": _TRIES},
            ignore_configured_endpoint_urls=True,
            # Services other than Amazon's do not know the newer checksums.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            **options,
        ),
    )
    ca = surroundings.secret(configuration.ca_secret) if configuration.ca_secret and endpoint_url else None
    half = surroundings.timeout_seconds / 2  # a request that is not answered, and one that tidies up after it
    http = PermittedSession(
        permit=surroundings.permit,
        ca=ca,
        timeout=(min(CONNECT_SECONDS, half), half),
        max_pool_connections=AT_ONCE,
        verify=core.get_config_variable("ca_bundle") or True,
    )
    client.meta.events.register("before-send", http.instead)
    closing.callback(http.close)
    return client
