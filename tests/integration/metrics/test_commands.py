"""The command that counts anew, and the sweep that counts."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command

from jobs.models import Job, RunTotals
from jobs.services import rolling
from tests.integration.engine.conftest import Broker
from tests.integration.metrics.ended import HOUR, NOON, counted, end_run
from workers import sweep

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    broker = Broker()
    monkeypatch.setattr("jobs.dispatch.publish", broker.publish)
    monkeypatch.setattr("jobs.dispatch.depth", broker.depth)
    return broker


class TestRebuildMetrics:
    def test_it_counts_anew_from_a_day_on(self, job: Job) -> None:
        end_run(job, at=NOON - 48 * HOUR)
        end_run(job)
        rolling.roll_up()
        RunTotals.objects.update(succeeded=7)
        out = io.StringIO()
        call_command("rebuild_metrics", "--since", "2026-11-20", stdout=out)
        assert out.getvalue() == "the runs that ended since 2026-11-20 were counted anew\n"
        assert counted() == 8

    @pytest.mark.parametrize("since", ["yesterday", "2026-02-30", "0001-01-01"])
    def test_what_is_no_date_is_told(self, since: str) -> None:
        with pytest.raises(CommandError, match="expected a date"):
            call_command("rebuild_metrics", "--since", since)


def test_a_sweep_counts_what_has_ended(job: Job, broker: Broker) -> None:
    end_run(job)
    sweep.sweep_once()
    assert counted() == 1
