"""The s3 kind: objects of OpenStack Swift, by its S3 interface."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any, Self
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from tests.integration.byte_sinks.buckets import new_bucket
from tests.integration.http_payload.service import Service
from tests.integration.sinks.encrypting import Encrypting
from tests.integration.sinks.relay import Relay
from tests.sinks_conformance.adapter import Adapter, Case, Held
from tests.sinks_conformance.adapters.contents import held_in
from tests.swift import ACCESS_KEY, SECRET_KEY

_ECHOES = ("/echo?code=404", "/echo?code=200", "/fixed?code=400", "/redirect_back")


class S3Adapter(Adapter):
    """A bucket of its own."""

    kind = "s3"

    def __enter__(self) -> Self:
        self._open = ExitStack()
        self.bucket = new_bucket(self.servers.swift)
        self._open.callback(self.bucket.service.close)
        self.relay = self._open.enter_context(Relay.before(self.servers.swift.endpoint_url))
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def case(self, endpoint_url: str = "", *, secrets: dict[str, str] | None = None, **said: Any) -> Case:
        """A sink that delivers into the bucket."""
        configuration = self.bucket.configuration(endpoint_url=endpoint_url or self.servers.swift.endpoint_url, **said)
        return Case(configuration, secrets={"access": ACCESS_KEY, "key": SECRET_KEY, **(secrets or {})})

    def held(self) -> list[Held]:
        """The objects; there must be no upload that was begun and not ended."""
        try:
            assert not self.bucket.uploads()
        except self.bucket.service.exceptions.NoSuchBucket:
            return []
        return held_in({key: self.bucket.read(key) for key in self.bucket.objects()})

    def good(self) -> Case:
        """The bucket is there."""
        return self.case()

    def transient(self) -> Case:
        """The bucket is not there."""
        service, name = self.bucket.service, self.bucket.name
        service.delete_bucket(Bucket=name)
        return self.case().but(mend=lambda: service.create_bucket(Bucket=name))

    def permanent(self) -> Case:
        """Swift encrypts nothing that it is asked to."""
        return self.case(encryption="AES256")

    def hanging(self) -> Case:
        """The object never arrives."""
        self.relay.stop_at = b"PUT /"
        return self.case(self.relay.url).but(mend=self.relay.pass_everything, begun=self.relay.stopped.is_set)

    def unreachable(self) -> Case:
        """The key is wrong."""
        return self.case(secrets={"key": "not the key"}).but(says="403")

    def secret(self, value: str) -> list[Case]:
        """Services that repeat what they were sent, where errors stand and where they do not."""
        error = f"<Error><Code>{escape(value)}</Code><Message>{escape(value * 60)}</Message></Error>"
        urls = []
        for behaviour in _ECHOES:
            service = self._open.enter_context(Service(behaviour=behaviour, fixed=(error.encode(), "application/xml")))
            urls.append(service.url("/sink"))
        ways: list[dict[str, Any]] = [
            {"secrets": {"access": value, "key": value}},
            {"secrets": {"token": value}, "session_token_secret": "token"},
        ]
        return [self.case(self.servers.swift.endpoint_url, **ways[0])] + [
            self.case(url, **way) for way in ways for url in urls
        ]


class EncryptedS3Adapter(S3Adapter):
    """The same behind TLS, with a certificate of an authority of our own."""

    variant = "private-ca"

    def case(self, endpoint_url: str = "", *, secrets: dict[str, str] | None = None, **said: Any) -> Case:
        """A sink that trusts this authority."""
        address = urlsplit(endpoint_url or self.servers.swift.endpoint_url)
        to = (str(address.hostname), address.port or 80)
        before = self._open.enter_context(Encrypting(to, context=self.servers.identity.context))
        trusted = {"ca": self.servers.identity.pem, **(secrets or {})}
        return super().case(f"{before.url}{address.path}", secrets=trusted, **{"ca_secret": "ca", **said})

    def unreachable(self) -> Case:
        """Nobody trusts the certificate."""
        return self.case(ca_secret=None).but(says="CERTIFICATE_VERIFY_FAILED")
