"""What a sink of kind ``s3`` is told."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from jobs.http.fields import SecretName
from sinks.content.configuration import ContentConfiguration
from sinks.patterns import matching
from sinks.time_limits import DEFAULT, AttemptTimeout

LEAST_PART = 5 * 1024 * 1024
"""S3 takes no smaller one, but the last. Source: Amazon S3, multipart upload limits."""
MOST_PART = 64 * 1024 * 1024
DEFAULT_PART = 8 * 1024 * 1024


_LABEL = r"(?!-)[a-z0-9-]{1,63}(?<!-)"
_HOST = re.compile(rf"({_LABEL}\.)*{_LABEL}\.?|[0-9a-f:.]*:[0-9a-f:.]*", re.ASCII)
"""Of a URL; botocore takes no other."""
_REGION = re.compile(rf"(?![0-9]+$){_LABEL}", re.ASCII)


def _url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError("expected http:// or https:// and a host, without credentials")
    if not _HOST.fullmatch(parts.hostname) or not value.isprintable() or len(parts.hostname) > 253:
        raise ValueError("expected a host of letters, digits and - between dots, or an address")
    if not 1 <= (443 if parts.port is None else parts.port) <= 65535:
        raise ValueError("expected a port between 1 and 65535")
    return value


def _region(value: str) -> str:
    if not _REGION.fullmatch(value):
        raise ValueError("expected a region such as eu-central-1: lower case letters, digits and - in between")
    return value


def _prefix(value: str) -> str:
    if value.startswith("/") or any(part in (".", "..") for part in value.split("/")) or not value.isprintable():
        raise ValueError("expected the beginning of a key, such as results/")
    return value


ServiceUrl = Annotated[str, AfterValidator(_url)]
TagText = Annotated[
    str,
    Field(max_length=128),
    *matching(
        r"[A-Za-z0-9 .:/=+@_-]+", expected="expected letters, digits, blanks and . : / = + @ _ -, and at least one"
    ),
]
Bucket = Annotated[
    str,
    *matching(
        r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}",
        expected="expected a bucket's name: 2 to 255 letters, digits, . _ or -, beginning with a letter or digit",
    ),
]
RoleArn = Annotated[
    str,
    Field(max_length=2048),
    *matching(
        r"arn:[A-Za-z0-9:/+=,.@_-]+", expected="expected the role's ARN, such as arn:aws:iam::123456789012:role/jobs"
    ),
]
StorageClass = Annotated[
    str,
    *matching(
        r"[A-Z0-9_]{1,40}", expected="expected a storage class such as STANDARD_IA: capital letters, digits and _"
    ),
]


class S3Configuration(ContentConfiguration):
    """Where objects are put, and how.

    Args:
        bucket: Must exist.
        region: As the service names it.
        endpoint_url: Left out, Amazon's of the region.
        ca_secret: The name of a secret with the authorities to trust at ``endpoint_url`` and ``sts_endpoint_url``, as PEM; left
            out, those that are trusted publicly.
        path_style: Whether the bucket is named in the path instead of the host.
        prefix: Before each key, as it is: with its ``/``.
        access_key_secret: With ``secret_key_secret`` the keys; without, the worker's own, if the deployment allows it.
        secret_key_secret: See there.
        session_token_secret: Of keys that do not last.
        role_arn: A role to take on with those credentials.
        external_id_secret: What the role's owner asks for.
        sts_endpoint_url: Where roles are taken on; left out, Amazon's of the region.
        part_size: Bytes of a part of what is larger than that.
        encryption: At rest, by the service.
        kms_key_id: With ``aws:kms``; left out, the account's default key.
        storage_class: Such as ``STANDARD_IA``.
        tags: Of the objects.
        timeout: Of an attempt in all.
    """

    bucket: Bucket
    region: Annotated[str, Field(max_length=40), AfterValidator(_region)] = "us-east-1"
    endpoint_url: ServiceUrl | None = None
    ca_secret: SecretName | None = None
    path_style: bool = Field(default=False, strict=True)
    prefix: Annotated[str, Field(max_length=400), AfterValidator(_prefix)] = ""
    access_key_secret: SecretName | None = None
    secret_key_secret: SecretName | None = None
    session_token_secret: SecretName | None = None
    role_arn: RoleArn | None = None
    external_id_secret: SecretName | None = None
    sts_endpoint_url: ServiceUrl | None = None
    part_size: int = Field(default=DEFAULT_PART, ge=LEAST_PART, le=MOST_PART, strict=True)
    encryption: Literal["AES256", "aws:kms", "aws:kms:dsse"] | None = None
    kms_key_id: str | None = Field(default=None, max_length=2048)
    storage_class: StorageClass | None = None
    tags: dict[TagText, TagText] = Field(default_factory=dict, max_length=10)
    timeout: AttemptTimeout = DEFAULT

    @model_validator(mode="after")
    def _complete(self) -> S3Configuration:
        if (self.access_key_secret is None) != (self.secret_key_secret is None):
            raise ValueError("give both access_key_secret and secret_key_secret, or neither")
        if self.session_token_secret and not self.access_key_secret:
            raise ValueError("a session token belongs to access_key_secret and secret_key_secret")
        if (self.external_id_secret or self.sts_endpoint_url) and not self.role_arn:
            raise ValueError("external_id_secret and sts_endpoint_url belong to a role: give role_arn")
        if self.ca_secret and not (self.endpoint_url or "").startswith("https:"):
            raise ValueError("ca_secret belongs to a service of your own: give endpoint_url, with https://")
        if self.kms_key_id and self.encryption in (None, "AES256"):
            raise ValueError("kms_key_id belongs to encryption: aws:kms")
        return self


def secrets_of(configuration: Mapping[str, Any]) -> Sequence[str]:
    """The secrets that a valid configuration names."""
    names = ("access_key_secret", "secret_key_secret", "session_token_secret", "external_id_secret", "ca_secret")
    return [str(configuration[name]) for name in names if configuration.get(name)]
