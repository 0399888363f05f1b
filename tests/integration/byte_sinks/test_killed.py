"""A worker that is killed while it delivers: the results arrive once, and nothing is left lying about."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from jobs import hotpath
from sinks.models import Delivery
from sinks.s3.configuration import LEAST_PART
from tests.integration.byte_sinks.buckets import Bucket
from tests.integration.byte_sinks.runs import deliver_after_its_lease, due_sink, ended_run, worker
from tests.integration.sinks.relay import Relay

SECONDS = 60
"""More than a worker takes to come to it."""


@pytest.fixture(autouse=True)
def database(transactional_db: None) -> Iterator[None]:
    yield
    hotpath.close()


@pytest.mark.parametrize(
    ("step", "left"),
    [
        (b"?uploads ", 0),  # it is about to begin the upload
        (b"partNumber=1", 1),
        (b"partNumber=2", 1),
        (b"POST /{bucket}/acme/task%3Aping/{date}/{run}.jsonl?uploadId=", 1),  # to complete it
        (b".manifest.json ", 0),  # the object is there, its manifest is not
    ],
    ids=["begin", "first part", "second part", "complete", "manifest"],
)
def test_killed_at_this_step_the_object_is_there_once_and_no_upload_is_left(
    bucket: Bucket, step: bytes, left: int
) -> None:
    with Relay.before(bucket.endpoint_url) as stopping:
        asked = bucket.configuration(endpoint_url=stopping.url, part_size=LEAST_PART)
        run = ended_run({"kind": "s3", "configuration": asked, "deliver": "run"}, payloads=60, size=200_000)
        date = f"{run.created_at:%Y-%m-%d}"
        words = {"bucket": bucket.name, "date": date, "run": run.pk}
        for name, value in words.items():
            step = step.replace(b"{%s}" % name.encode(), str(value).encode())
        stopping.stop_at = step
        sink_id = due_sink()
        with worker(sink_id) as killed:
            assert stopping.stopped.wait(SECONDS)
            killed.kill()
        assert len(bucket.uploads()) == left
        stopping.pass_everything()
        assert deliver_after_its_lease(sink_id) == 1
    [key, manifest] = bucket.objects()
    row = Delivery.objects.get()
    assert (row.state, row.attempts, (row.receipt or {})["key"]) == ("delivered", 2, key)
    assert (manifest, bucket.uploads()) == (f"{key}.manifest.json", [])
    assert len(bucket.read(key)) == row.bytes
