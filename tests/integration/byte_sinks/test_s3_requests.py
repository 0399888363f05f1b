"""What a service is asked for that Swift does not offer: encryption, classes, tags, roles; and whose credentials are used."""

from __future__ import annotations

import datetime as dt
import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import parse_qs

import pydantic
import pytest

from jobs.errors import PermanentError, TransientError
from sinks import time_limits
from sinks.base import Parcel, Record
from sinks.s3.configuration import MOST_PART, S3Configuration, secrets_of
from sinks.s3.permitted import MOST_BYTES
from sinks.s3.sink import S3Sink
from tests.integration.byte_sinks.given import Given, parcel, records
from tests.integration.byte_sinks.recorder import Answer, Recorder, recorder
from tests.integration.http_payload.service import Service

_ROLE = "arn:aws:iam::123456789012:role/results"
_TAKEN_ON = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
<AccessKeyId>ROLES</AccessKeyId><SecretAccessKey>roles-secret</SecretAccessKey><SessionToken>roles-token</SessionToken>
<Expiration>{until}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"""


@pytest.fixture
def service() -> Iterator[Recorder]:
    with recorder() as running:
        yield running


def opened(url: str, **said: Any) -> S3Sink:
    configuration = {
        "bucket": "results",
        "endpoint_url": url,
        "path_style": True,
        "access_key_secret": "access",
        "secret_key_secret": "key",
        **said,
    }
    return S3Sink(S3Configuration.model_validate(configuration), Given())


def deliver(url: str, *, what: Parcel | None = None, **said: Any) -> None:
    with closing(opened(url, **said)) as sink:
        sink.deliver(what or parcel("payload"))


def check(url: str) -> str:
    with closing(opened(url)) as sink:
        return sink.check()


class TestOptions:
    def test_encryption_class_and_tags_are_asked_for(self, service: Recorder) -> None:
        deliver(
            service.url,
            encryption="aws:kms",
            kms_key_id="a-key",
            storage_class="STANDARD_IA",
            tags={"team": "data/co x"},
            manifest=True,
        )
        wanted = {
            "x-amz-server-side-encryption": "aws:kms",
            "x-amz-server-side-encryption-aws-kms-key-id": "a-key",
            "x-amz-storage-class": "STANDARD_IA",
            "x-amz-tagging": "team=data%2Fco+x",
        }
        assert [asked.method for asked in service.asked] == ["PUT", "PUT"]
        for asked in service.asked:
            assert wanted.items() <= asked.headers.items()

    def test_what_is_not_configured_is_not_asked_for(self, service: Recorder) -> None:
        deliver(service.url)
        [asked] = service.asked
        assert not any("encryption" in name or "tagging" in name or "class" in name for name in asked.headers)

    def test_the_service_can_check_what_arrived(self, service: Recorder) -> None:
        deliver(service.url)
        assert len(service.asked[0].headers["x-amz-content-sha256"]) == 64


class TestAServiceThatIsSilent:
    def test_it_is_asked_once_and_not_waited_for_for_longer_than_an_attempt_may_take(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Given, "timeout_seconds", 0.4)
        with Service(behaviour="/silent") as service, pytest.raises(TransientError) as caught:
            deliver(service.url("/sink"))
        assert (caught.value.code, [seen.method for seen in service.seen]) == ("timeout", ["PUT"])

    def test_one_that_reads_nothing_is_silent_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Given, "timeout_seconds", 0.4)
        with socket.create_server(("127.0.0.1", 0)) as deaf, pytest.raises(TransientError) as caught:
            deliver(
                f"http://127.0.0.1:{deaf.getsockname()[1]}", what=parcel(count=60, size=500_000), part_size=MOST_PART
            )
        assert caught.value.code == "timeout"


class TestAServiceThatSaysVeryMuch:
    @pytest.mark.parametrize("status", [200, 403, 503])
    def test_it_is_left_when_it_has_said_more_than_any_answer_has(self, service: Recorder, status: int) -> None:
        service.answers = [Answer(status=status, body="x" * (MOST_BYTES + 1))]
        with pytest.raises(TransientError) as caught:
            deliver(service.url)
        assert caught.value.code == "too_much"
        assert len(service.asked) == 1


class TestAServiceThatSaysALittleNowAndThen:
    """Each byte comes in time, and the whole never does."""

    @pytest.mark.parametrize("behaviour", ["/drip_header", "/drip_body"])
    def test_it_is_left_when_the_attempts_time_is_over(self, behaviour: str) -> None:
        with Service(behaviour=behaviour) as service, pytest.raises(TransientError) as caught:
            deliver(service.url("/sink"), timeout="1s")
        assert (caught.value.code, [seen.method for seen in service.seen]) == ("timeout", ["PUT"])
        assert str(caught.value) == "the attempt took longer than its 1 s in all (timeout)"

    def test_also_by_the_check(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Given, "timeout_seconds", 0.4)
        with Service(behaviour="/drip_header") as service, pytest.raises(TransientError, match=r"its 0\.4 s in all"):
            check(service.url("/sink"))

    def test_results_that_take_their_time_do_not_take_more_of_it(
        self, service: Recorder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        clock = [0.0]
        monkeypatch.setattr(time_limits, "_now", lambda: clock[0])

        def slow() -> Iterator[Record]:
            for record in records(100)():
                clock[0] += 20.0
                yield record

        with pytest.raises(TransientError, match="longer than its 900 s in all"):
            deliver(service.url, what=parcel("run", records=slow))
        assert (clock[0], service.asked) == (900.0, [])


class TestCredentials:
    @pytest.fixture(autouse=True)
    def environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "OF-THE-WORKER")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-the-worker")
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")

    def test_the_sinks_own_are_used_and_nothing_of_the_workers_environment(self, service: Recorder) -> None:
        deliver(service.url)
        assert "Credential=test:tester/" in service.asked[0].headers["authorization"]

    def test_without_keys_the_workers_own_are_refused(self, service: Recorder) -> None:
        with pytest.raises(PermanentError) as caught:
            deliver(service.url, access_key_secret=None, secret_key_secret=None)
        assert (caught.value.code, service.asked) == ("credentials", [])

    def test_unless_the_deployment_lets_sinks_use_them(self, service: Recorder, settings: Any) -> None:
        settings.JOBS_SINKS_MAY = ["s3-environment"]
        deliver(service.url, access_key_secret=None, secret_key_secret=None)
        assert "Credential=OF-THE-WORKER/" in service.asked[0].headers["authorization"]

    def test_a_role_is_taken_on_and_its_credentials_are_used(self, service: Recorder) -> None:
        until = (dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)).isoformat()
        service.answers = [Answer(body=_TAKEN_ON.format(until=until)), Answer()]
        deliver(service.url, role_arn=_ROLE, external_id_secret="wrong", sts_endpoint_url=service.url)
        asked, put = service.asked
        form = parse_qs(asked.body.decode())
        assert (form["Action"], form["RoleArn"], form["ExternalId"]) == (
            ["AssumeRole"],
            [_ROLE],
            ["not-the-key-at-all"],
        )
        assert "Credential=test:tester/" in asked.headers["authorization"]
        assert "Credential=ROLES/" in put.headers["authorization"]
        assert put.headers["x-amz-security-token"] == "roles-token"

    def test_a_role_is_not_taken_on_at_an_address_that_is_not_permitted(self, service: Recorder, settings: Any) -> None:
        settings.JOBS_EGRESS_ALLOW = []
        with pytest.raises(PermanentError) as caught:
            deliver(service.url, role_arn=_ROLE, sts_endpoint_url=service.url)
        assert (caught.value.code, service.asked) == ("egress_refused", [])


class TestRefusals:
    @pytest.mark.parametrize(
        ("status", "code", "kind"),
        [
            (400, "InvalidRequest", PermanentError),
            (400, "ExpiredToken", TransientError),
            (403, "AccessDenied", TransientError),
            (404, "NoSuchBucket", TransientError),
            (409, "OperationAborted", TransientError),
            (429, "TooManyRequests", TransientError),
            (501, "NotImplemented", PermanentError),
        ],
    )
    def test_each_tells_whether_another_attempt_may_help(
        self, service: Recorder, status: int, code: str, kind: type[Exception]
    ) -> None:
        service.answers = [Answer(status, f"<Error><Code>{code}</Code><Message>no</Message></Error>")]
        with pytest.raises(kind, match=code):
            deliver(service.url)

    def test_what_went_wrong_is_told_and_not_what_tidying_up_after_it_met(self, service: Recorder) -> None:
        begun = "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"
        refused = Answer(400, "<Error><Code>InvalidRequest</Code></Error>")
        moved = Answer(307, "", {"Location": service.url})
        service.answers = [_denied(), Answer(body=begun), refused, moved]
        with pytest.raises(PermanentError, match="InvalidRequest"):
            deliver(service.url, what=parcel("payload", size=6 * 2**20), part_size=5 * 2**20)
        assert [asked.method for asked in service.asked] == ["GET", "POST", "PUT", "DELETE"]

    def test_what_the_service_asks_for_is_waited(self, service: Recorder) -> None:
        body = "<Error><Code>AccessDenied</Code></Error>"
        service.answers = [Answer(403, body, {"Retry-After": "90"})]
        with pytest.raises(TransientError) as caught:
            deliver(service.url)
        assert caught.value.retry_after_seconds == 90

    @pytest.mark.parametrize(
        ("told", "why"), [({}, "endpoint_url"), ({"x-amz-bucket-region": "eu-west-9"}, "region eu-west-9")]
    )
    def test_a_redirect_is_not_followed(self, service: Recorder, told: dict[str, str], why: str) -> None:
        moved = "<Error><Code>TemporaryRedirect</Code><Endpoint>127.0.0.1</Endpoint></Error>"
        service.answers = [Answer(307, moved, {"Location": service.url, **told}), Answer()]
        with pytest.raises(PermanentError, match=why):
            deliver(service.url)
        assert len(service.asked) == 1


def _denied(status: int = 403) -> Answer:
    return Answer(status, "<Error><Code>AccessDenied</Code></Error>")


class TestKeysThatMayOnlyPut:
    """At a second attempt, which takes back what the first may have written."""

    @pytest.mark.parametrize("head", [200, 403])
    def test_a_manifest_that_may_be_there_is_emptied_before_its_object_changes(
        self, service: Recorder, head: int
    ) -> None:
        service.answers = [_denied(), _denied(), Answer(head), Answer()]
        deliver(service.url, what=parcel("payload", attempt=2), manifest=True)
        assert [asked.method for asked in service.asked] == ["GET", "DELETE", "HEAD", "PUT", "PUT", "PUT"]
        emptied, put, proof = service.asked[3:]
        assert (emptied.path, emptied.body) == (proof.path, b"")
        assert proof.path == put.path + ".manifest.json"

    def test_one_that_is_not_there_needs_nothing(self, service: Recorder) -> None:
        service.answers = [_denied(), _denied(), Answer(404), Answer()]
        deliver(service.url, what=parcel("payload", attempt=2), manifest=True)
        assert [asked.method for asked in service.asked] == ["GET", "DELETE", "HEAD", "PUT", "PUT"]


class TestConfiguration:
    @pytest.mark.parametrize(
        ("said", "why"),
        [
            ({"access_key_secret": "a"}, "give both"),
            ({"session_token_secret": "a"}, "belongs to access_key_secret"),
            ({"external_id_secret": "a"}, "give role_arn"),
            ({"kms_key_id": "a"}, "aws:kms"),
            ({"endpoint_url": "ftp://h"}, "http:// or https://"),
            ({"endpoint_url": "https://u:p@h"}, "without credentials"),
            ({"endpoint_url": "http://a b"}, r"endpoint_url[\s\S]*a host of letters"),
            ({"endpoint_url": "http://a_b"}, "a host of letters"),
            ({"endpoint_url": "http://-a"}, "a host of letters"),
            ({"endpoint_url": "http://a:99999"}, "[Pp]ort"),
            ({"endpoint_url": "http://a:0"}, "port between 1 and 65535"),
            ({"region": "-"}, r"region[\s\S]*such as eu-central-1"),
            ({"region": "123"}, "such as eu-central-1"),
            ({"region": "eu-"}, "such as eu-central-1"),
            ({"prefix": "../x/"}, "beginning of a key"),
            ({"part_size": 1}, "5242880"),
            ({"tags": {"a": "<"}}, "tags"),
        ],
    )
    def test_what_does_not_fit_is_refused_with_what_would_be_right(self, said: dict[str, Any], why: str) -> None:
        with pytest.raises(pydantic.ValidationError, match=why):
            S3Configuration.model_validate({"bucket": "results", **said})

    @pytest.mark.parametrize(
        "url", ["http://[::1]:9000", "http://10.0.0.1:9000", "https://s3.example.com.", "http://a"]
    )
    def test_what_is_taken_can_be_opened(self, url: str) -> None:
        for region in ("us-east-1", "a", "garage", "1a"):
            said = {"bucket": "results", "endpoint_url": url, "region": region}
            keys = {"access_key_secret": "access", "secret_key_secret": "key"}
            S3Sink(S3Configuration.model_validate(said | keys), Given()).close()

    def test_it_tells_its_secrets(self) -> None:
        said = {"bucket": "b", "access_key_secret": "a", "secret_key_secret": "b", "session_token_secret": None}
        assert secrets_of(said) == ["a", "b"]
