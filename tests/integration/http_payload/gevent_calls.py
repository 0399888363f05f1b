"""Run by test_gevent in a process of its own: patching a process for gevent cannot be undone."""

import gevent.monkey

gevent.monkey.patch_all()

# ruff: noqa: E402 whatever uses sockets must be imported after the patch
import ipaddress
import json
import time
from dataclasses import replace

import django
import gevent
from django.conf import settings

django.setup()

from tests.integration.http_payload.calls import perform, work
from tests.integration.http_payload.service import Service
from workers.payloads.http.executor import EXECUTOR


def main() -> None:
    """Print what happened as JSON."""
    settings.JOBS_EGRESS_ALLOW = [ipaddress.ip_network("127.0.0.1/32")]
    with Service() as service:
        started = time.monotonic()
        slow = [gevent.spawn(perform, service.url("/drip_body"), timeouts={"total": "500ms"}) for _ in range(20)]
        quick = gevent.spawn(perform, service.url("/ok"))
        gevent.joinall([*slow, quick])
        together_seconds = time.monotonic() - started
        attempt = replace(work(service.url("/silent")), grace_seconds=0.5)
        cancelled = gevent.spawn(EXECUTOR.perform, attempt)
        gevent.sleep(0)
        attempt.cancelled.set()
        cancelled.join()
    print(
        json.dumps(
            {
                "slow": sorted({str(greenlet.exception).rpartition(": ")[2] for greenlet in slow}),
                "quick": quick.value["status"],
                "together_seconds": together_seconds,
                "cancelled": cancelled.exception.code,
            }
        )
    )


if __name__ == "__main__":
    main()
