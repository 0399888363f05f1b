"""Every kind of sink takes notices, without knowing more of them than that they are a parcel."""

from __future__ import annotations

import pytest

from sinks.models import Delivery, Notice
from sinks.services.naming import save_sink
from sinks.services.ruling import save_rule
from tests.integration.sinks.makers import end_run, make_job
from tests.sinks_conformance.adapter import Adapter
from tests.sinks_conformance.adapters import ADAPTERS
from tests.sinks_conformance.post import Post
from workers.noticing import tell


@pytest.mark.parametrize("adapter", ADAPTERS, indirect=True, ids=[adapter.kind for adapter in ADAPTERS])
@pytest.mark.parametrize("runs", [1, 3])
def test_one_notice_or_several_are_delivered_with_a_receipt(adapter: Adapter, post: Post, runs: int) -> None:
    case = adapter.good()
    post.set_secrets(case)
    pager = {"name": "pager", "kind": adapter.kind, "configuration": case.configuration}
    save_sink(workspace=post.workspace, document=pager, actor="ann")
    rule = {"name": "on-call", "sink": "pager", "digest": "1ms"}
    save_rule(workspace=post.workspace, document=rule, actor="ann")
    job = make_job(workspace=post.workspace)
    for _ in range(runs):
        end_run(job, failed=[0])
    tell()
    Notice.objects.update(send_at=job.created_at)
    tell()
    post.deliver()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.payloads) == ("delivered", runs), delivery.error
    assert delivery.bytes
    assert delivery.receipt
