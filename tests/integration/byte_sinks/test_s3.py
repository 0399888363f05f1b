"""Results as objects of a real S3 server: whole or not at all, once, and with proof."""

from __future__ import annotations

import gzip
import hashlib
import io
import ipaddress
import json
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import certifi
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ReadTimeoutError
from cryptography import x509

from jobs.errors import PermanentError, TransientError
from sinks.base import Parcel, Receipt
from sinks.documents import configuration_errors
from sinks.s3 import uploading
from sinks.s3.configuration import LEAST_PART, S3Configuration
from sinks.s3.sink import S3Sink
from tests.integration.byte_sinks.buckets import Bucket
from tests.integration.byte_sinks.given import SECRETS, Given, breaking, parcel
from tests.integration.http_payload.identities import Identity, make_identity
from tests.integration.sinks.encrypting import Encrypting
from tests.integration.sinks.handmade import notices

KEY = "acme/task:ping/2026-03-01/42.jsonl"
LARGE = 200_000
"""Bytes of a result: 60 of them make three parts of the least size."""


@contextmanager
def opened(into: Bucket, /, *, ca: str = "none", **said: Any) -> Iterator[S3Sink]:
    configuration = S3Configuration.model_validate(into.configuration(**said))
    sink = S3Sink(configuration, Given({**SECRETS, "ca": ca}))
    try:
        yield sink
    finally:
        sink.close()


def deliver(into: Bucket, given: Parcel, /, **said: Any) -> Receipt:
    with opened(into, **said) as sink:
        return sink.deliver(given)


class TestAnObject:
    def test_a_payload_is_one_document_and_the_receipt_proves_it(self, bucket: Bucket) -> None:
        receipt = deliver(bucket, parcel("payload"))
        [key] = bucket.objects()
        content = bucket.read(key)
        assert key == "acme/task:ping/2026-03-01/42/0-p0.json"
        assert json.loads(content)["payload"]["result"]["n"] == 0
        assert (receipt.bytes, receipt.sha256) == (len(content), hashlib.sha256(content).hexdigest())
        etag = bucket.service.head_object(Bucket=bucket.name, Key=key)["ETag"].strip('"')
        assert receipt.details == {"bucket": bucket.name, "key": key, "etag": etag, "parts": 1, "rows": 1}

    def test_a_run_is_one_object_of_lines(self, bucket: Bucket) -> None:
        deliver(bucket, parcel(), prefix="results/", compression="gzip")
        lines = gzip.decompress(bucket.read(f"results/{KEY}.gz")).splitlines()
        assert [json.loads(line)["position"] for line in lines] == [0, 1, 2]

    def test_or_one_of_parquet(self, bucket: Bucket) -> None:
        deliver(bucket, parcel(), format="parquet", compression="zstd", key="{run}.{extension}")
        assert pq.read_table(io.BytesIO(bucket.read("42.parquet"))).column("position").to_pylist() == [0, 1, 2]

    def test_it_says_of_which_delivery_it_is(self, bucket: Bucket) -> None:
        deliver(bucket, parcel(attempt=2))
        about = bucket.service.head_object(Bucket=bucket.name, Key=KEY)
        assert (about["Metadata"], about["ContentType"]) == (
            {"delivery": "dlv_7", "run": "42", "attempt": "2"},
            "application/x-ndjson",
        )

    def test_notices_are_one_of_lines_that_is_named_by_its_delivery(self, bucket: Bucket) -> None:
        deliver(bucket, notices())
        key = "acme/notices/2026-11-21/dlv_9.jsonl"
        assert [json.loads(line)["event"] for line in bucket.read(key).splitlines()] == ["run.failed"]
        about = bucket.service.head_object(Bucket=bucket.name, Key=key)
        assert about["Metadata"] == {"delivery": "dlv_9", "attempt": "1"}

    def test_delivered_again_it_is_there_once(self, bucket: Bucket) -> None:
        first = deliver(bucket, parcel("payload"))
        again = deliver(bucket, parcel("payload", attempt=2))
        assert (len(bucket.objects()), again.sha256) == (1, first.sha256)

    def test_several_threads_deliver_by_one_sink(self, bucket: Bucket) -> None:
        with opened(bucket) as sink:
            given = [parcel("payload", first_position=at, id=f"dlv_{at}") for at in range(8)]
            threads = [threading.Thread(target=sink.deliver, args=[each]) for each in given]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert len(bucket.objects()) == 8


class TestAuthoritiesOfOnesOwn:
    @pytest.fixture
    def encrypted(self, bucket: Bucket, tmp_path: Path) -> Iterator[tuple[Bucket, Identity]]:
        identity = make_identity(tmp_path, x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
        port = urlsplit(bucket.endpoint_url).port or 80
        with Encrypting(("127.0.0.1", port), context=identity.context) as before:
            yield replace(bucket, endpoint_url=before.url), identity

    def test_a_certificate_of_theirs_is_taken(self, encrypted: tuple[Bucket, Identity]) -> None:
        bucket, identity = encrypted
        with opened(bucket, ca_secret="ca", ca=identity.pem) as sink:
            sink.deliver(parcel())
        assert KEY in bucket.objects()

    def test_no_other_is_and_none_without_them(self, encrypted: tuple[Bucket, Identity]) -> None:
        bucket, _ = encrypted
        public = Path(certifi.where()).read_text(encoding="ascii", errors="ignore")
        for trusted in ({"ca_secret": "ca", "ca": public}, {}):
            with opened(bucket, **trusted) as sink, pytest.raises(TransientError, match="CERTIFICATE_VERIFY_FAILED"):
                sink.check()

    def test_they_replace_the_public_ones(
        self, encrypted: tuple[Bucket, Identity], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bucket, identity = encrypted
        (tmp_path / "other").mkdir()
        other = make_identity(tmp_path / "other", x509.DNSName("other.example.com"))
        (tmp_path / "bundle.pem").write_text(identity.pem)
        monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "bundle.pem"))
        with opened(bucket) as sink:
            assert sink.check()
        failing = pytest.raises(TransientError, match="CERTIFICATE_VERIFY_FAILED")
        with opened(bucket, ca_secret="ca", ca=other.pem) as sink, failing:
            sink.check()

    def test_what_is_no_certificate_is_told(self, encrypted: tuple[Bucket, Identity]) -> None:
        with pytest.raises(PermanentError, match="no certificates as PEM"), opened(encrypted[0], ca_secret="ca"):
            pass

    def test_they_belong_to_a_service_of_ones_own(self) -> None:
        for url in ({}, {"endpoint_url": "http://s3.example.org"}):
            [error] = configuration_errors(kind="s3", configuration={"bucket": "lake", "ca_secret": "CA", **url})
            assert "give endpoint_url, with https://" in error.message


class TestAManifest:
    def test_it_tells_enough_to_check_the_object(self, bucket: Bucket) -> None:
        receipt = deliver(bucket, parcel(attempt=1))
        manifest = json.loads(bucket.read(f"{KEY}.manifest.json"))
        content = bucket.read(manifest["object"])
        assert (manifest["size"], manifest["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
        assert (manifest["rows"], manifest["run"], manifest["attempt"], manifest["id"]) == (3, 42, 1, "dlv_7")
        assert receipt.details["manifest"] == f"{KEY}.manifest.json"

    @pytest.mark.parametrize(("unit", "said", "there"), [("payload", True, True), ("run", False, False)])
    def test_it_is_written_as_the_sink_says(self, bucket: Bucket, unit: Any, said: bool, there: bool) -> None:
        deliver(bucket, parcel(unit), manifest=said)
        assert any(key.endswith(".manifest.json") for key in bucket.objects()) == there

    def test_there_is_none_while_the_object_is_not_whole(self, bucket: Bucket) -> None:
        with pytest.raises(TransientError):
            deliver(bucket, parcel(records=breaking(2, TransientError("gone"))))
        assert bucket.objects() == []

    def test_the_one_of_an_earlier_delivery_goes_before_its_object_changes(self, bucket: Bucket) -> None:
        deliver(bucket, parcel())
        with pytest.raises(TransientError):
            deliver(bucket, parcel(attempt=2, records=breaking(2, TransientError("gone"))))
        assert bucket.objects() == [KEY]


class TestALargeObject:
    def test_it_goes_up_in_parts_that_make_up_the_whole(self, bucket: Bucket) -> None:
        receipt = deliver(bucket, parcel(count=60, size=LARGE), part_size=LEAST_PART)
        content = bucket.read(KEY)
        assert (receipt.details["parts"], receipt.bytes) == (3, len(content))
        assert receipt.sha256 == hashlib.sha256(content).hexdigest()
        assert [json.loads(line)["position"] for line in content.splitlines()] == list(range(60))
        assert bucket.uploads() == []

    def test_memory_stays_flat_however_large_it_is(self, bucket: Bucket) -> None:
        peaks = []
        for count in (250, 900):  # five parts, and eighteen
            tracemalloc.start()
            receipt = deliver(bucket, parcel(count=count, size=100_000, id=f"dlv_{count}"), part_size=LEAST_PART)
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
            assert receipt.bytes > 100_000 * count
        assert peaks[1] < peaks[0] + LEAST_PART

    def test_where_it_fails_no_upload_is_left(self, bucket: Bucket) -> None:
        broken = parcel(records=breaking(60, PermanentError("transform"), size=LARGE))
        with pytest.raises(PermanentError, match="transform"):
            deliver(bucket, broken, part_size=LEAST_PART)
        assert (bucket.uploads(), bucket.objects()) == ([], [])

    def test_what_a_killed_worker_left_of_it_is_aborted_by_the_next_attempt(self, bucket: Bucket) -> None:
        bucket.begin_upload(KEY)
        bucket.begin_upload(KEY)
        deliver(bucket, parcel(attempt=2, count=60, size=LARGE), part_size=LEAST_PART)
        assert (bucket.uploads(), bucket.objects()) == ([], [KEY, f"{KEY}.manifest.json"])

    def test_even_when_the_results_are_smaller_now(self, bucket: Bucket) -> None:
        bucket.begin_upload(KEY)
        deliver(bucket, parcel(attempt=2))
        assert bucket.uploads() == []

    def test_and_where_the_key_tells_the_attempt(self, bucket: Bucket) -> None:
        bucket.begin_upload("42-1")
        deliver(bucket, parcel(attempt=3), key="{run}-{attempt}")
        assert (bucket.uploads(), bucket.objects()) == ([], ["42-3", "42-3.manifest.json"])

    def test_what_is_given_up_because_its_workers_died_leaves_none(self, bucket: Bucket) -> None:
        for key in (KEY, "acme/other"):
            bucket.begin_upload(key)
        with opened(bucket) as sink:
            sink.abandon(parcel(attempt=3))
        assert (bucket.uploads(), bucket.objects()) == (["acme/other"], [])

    def test_nor_does_one_whose_beginning_was_not_answered(
        self, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        begin = bucket.service.create_multipart_upload
        begun: list[object] = []

        def unanswered(**what: Any) -> None:
            begun.append(begin(**what))
            assert bucket.uploads() == [KEY]
            raise ReadTimeoutError(endpoint_url=bucket.endpoint_url)

        monkeypatch.setattr(bucket.service, "create_multipart_upload", unanswered)
        place = uploading.Place(bucket.service, bucket.name, KEY, {})
        with pytest.raises(ReadTimeoutError):
            uploading.upload(place, iter([b"first", b"second"]))
        assert (len(begun), bucket.uploads()) == (1, [])

    def test_uploads_of_others_are_left_alone(self, bucket: Bucket) -> None:
        for key in (f"{KEY}.gz", "acme/other"):
            bucket.begin_upload(key)
        deliver(bucket, parcel(attempt=2, count=60, size=LARGE), part_size=LEAST_PART)
        assert sorted(bucket.uploads()) == ["acme/other", f"{KEY}.gz"]

    def test_one_that_needs_more_parts_than_there_can_be_is_refused_for_good(
        self, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(uploading, "MOST_PARTS", 2)
        with pytest.raises(PermanentError) as caught:
            deliver(bucket, parcel(count=60, size=LARGE), part_size=LEAST_PART)
        assert (caught.value.code, bucket.uploads()) == ("too_large", [])


class TestWhatGoesWrong:
    def test_wrong_keys_can_be_mended_and_are_not_told(self, bucket: Bucket) -> None:
        with pytest.raises(TransientError) as caught:
            deliver(bucket, parcel(), secret_key_secret="wrong")
        assert (caught.value.code, caught.value.details["status"]) == ("s3", 403)
        assert "not-the-key-at-all" not in f"{caught.value} {caught.value.details}"

    def test_so_can_a_bucket_that_is_missing(self, bucket: Bucket) -> None:
        with pytest.raises(TransientError, match="NoSuchBucket"):
            deliver(bucket, parcel(), bucket="no-such-bucket")

    def test_what_the_service_does_not_know_is_refused_for_good(self, bucket: Bucket) -> None:
        with pytest.raises(PermanentError, match="NotImplemented"):
            deliver(bucket, parcel(), tags={"a": "b"})

    def test_a_service_that_is_down_may_come_back(self, bucket: Bucket) -> None:
        with pytest.raises(TransientError, match="Could not connect"):
            deliver(bucket, parcel(), endpoint_url="http://127.0.0.1:1")

    def test_addresses_that_are_not_permitted_are_not_connected_to(self, bucket: Bucket, settings: Any) -> None:
        settings.JOBS_EGRESS_ALLOW = []
        with pytest.raises(PermanentError) as caught:
            deliver(bucket, parcel())
        assert (caught.value.code, bucket.objects()) == ("egress_refused", [])


class TestCheck:
    def test_it_asks_for_the_bucket_and_leaves_nothing(self, bucket: Bucket) -> None:
        with opened(bucket) as sink:
            assert bucket.name in sink.check()
        assert bucket.objects() == []

    @pytest.mark.parametrize("wrong", [{"bucket": "no-such-bucket"}, {"secret_key_secret": "wrong"}])
    def test_it_tells_what_is_wrong(self, bucket: Bucket, wrong: dict[str, Any]) -> None:
        with opened(bucket, **wrong) as sink, pytest.raises(TransientError):
            sink.check()
