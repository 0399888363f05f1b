"""What holds of every kind of sink. A kind joins with an adapter: see tests/sinks_conformance/adapters."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from urllib.parse import quote, quote_plus

import pytest
from django.db.models.functions import Now

from jobs.errors import JobsError, PermanentError, TransientError
from sinks import registry
from sinks.base import Unit
from sinks.models import Delivery, FailedDelivery
from tests.conformance.engine import every_row
from tests.sinks_conformance.adapter import SCENARIOS, Adapter, Case, Held
from tests.sinks_conformance.adapters import ADAPTERS
from tests.sinks_conformance.adapters.receiver import ReceiverAdapter
from tests.sinks_conformance.post import PATIENCE_SECONDS, PAYLOADS, Post
from workers.sink_surroundings import SinkSurroundings

SECRET = "hunter2/with+odd=characters&more"
FORMS = (
    SECRET,
    quote(SECRET, safe=""),
    quote_plus(SECRET),
    json.dumps(SECRET)[1:-1],
    base64.b64encode(SECRET.encode()).decode(),
    base64.b64encode(f"me:{SECRET}".encode()).decode(),
)
POSITIONS: dict[Unit, list[tuple[int, ...]]] = {
    "payload": [(0,), (1,), (2,)],
    "batch": [(0, 1, 2)],
    "run": [(0, 1, 2)],
}
BAD = (
    "/reset",
    "/hang_up",
    "/garbage",
    "/short",
    "/reset_in_body",
    "/many_headers",
    "/silent",
    "/drip_header",
    "/drip_body",
)
NO_CODES = ("", "error", "crashed")
"""What an error that nobody thought of would be called."""


def of_every_kind(*scenarios: str) -> pytest.MarkDecorator:
    """Run a test against each kind that has these scenarios."""
    return against([adapter for adapter in ADAPTERS if not set(scenarios) & adapter.without.keys()])


def without(scenario: str) -> pytest.MarkDecorator:
    """Run a test against each kind that has no such scenario."""
    return against([adapter for adapter in ADAPTERS if scenario in adapter.without])


def against(adapters: Sequence[type[Adapter]]) -> pytest.MarkDecorator:
    """Run a test against each of these."""
    return pytest.mark.parametrize("adapter", adapters, indirect=True, ids=[adapter.name() for adapter in adapters])


def of_receivers() -> pytest.MarkDecorator:
    """Run a test against each kind that makes HTTP requests."""
    return against([adapter for adapter in ADAPTERS if issubclass(adapter, ReceiverAdapter)])


def of_every_kind_and_unit() -> pytest.MarkDecorator:
    """Run a test for each kind with each of what its deliveries may hold."""
    pairs = [
        pytest.param(adapter, unit, id=f"{adapter.name()}-{unit}")
        for adapter in ADAPTERS
        for unit in ("payload", "batch", "run")
        if (kind := registry.get(adapter.kind)) is not None and unit in kind.units
    ]
    return pytest.mark.parametrize(("adapter", "unit"), pairs, indirect=["adapter"])


def states() -> list[tuple[str, int]]:
    """Of all deliveries, with their attempts, in the order of their payloads."""
    return [(row.state, row.attempts) for row in Delivery.objects.order_by("first_position")]


def failures() -> list[str]:
    """The codes of all attempts that failed."""
    return [row.error["code"] for row in FailedDelivery.objects.order_by("delivery_id", "number")]


def positions(adapter: Adapter) -> list[int]:
    """Of all records that the other side has, sorted."""
    return sorted(position for held in adapter.held() for position in held.positions)


def are_the_deliveries(helds: Sequence[Held], adapter: Adapter) -> bool:
    """Whether each parcel bears the id of its delivery, and that delivery tells the bytes that arrived."""
    rows = {f"dlv_{row.pk}": row for row in Delivery.objects.all()}
    if adapter.tells_id and {held.id for held in helds} != rows.keys():
        return False
    sent = {(row.bytes, row.sha256) for row in rows.values()}
    contents = [held.content for held in helds if held.content is not None]
    return all((len(content), hashlib.sha256(content).hexdigest()) in sent for content in contents)


def said(post: Post, case: Case) -> str:
    """What a check says, of whatever sort it is."""
    try:
        return post.check(case)
    except (TransientError, PermanentError) as error:
        return f"{error} {error.details}"


class TestEveryKind:
    def test_has_an_adapter(self) -> None:
        assert {adapter.kind for adapter in ADAPTERS} == set(registry.names())

    @pytest.mark.parametrize("kind", ADAPTERS, ids=[adapter.name() for adapter in ADAPTERS])
    def test_has_each_case_or_a_reason_why_not(self, kind: type[Adapter]) -> None:
        assert kind.without.keys() <= set(SCENARIOS)
        made = {name for name in SCENARIOS if getattr(kind, name) is not getattr(Adapter, name)}
        assert made | kind.without.keys() == set(SCENARIOS)
        assert not made & kind.without.keys()


@of_every_kind_and_unit()
def test_what_is_owed_is_delivered_with_a_receipt(adapter: Adapter, unit: Unit, post: Post) -> None:
    post.end_run(adapter.good(), deliver=unit)
    post.deliver()
    assert positions(adapter) == [0, 1, 2]
    assert states() == [("delivered", 1)] * len(POSITIONS[unit])
    assert are_the_deliveries(adapter.held(), adapter)
    assert all(row.bytes and row.receipt for row in Delivery.objects.all())
    if adapter.tells_id:
        assert sorted(held.positions for held in adapter.held()) == POSITIONS[unit]


@of_every_kind("transient")
def test_a_failure_that_may_pass_is_tried_again_under_the_same_id(adapter: Adapter, post: Post) -> None:
    case = adapter.transient()
    post.end_run(case, deliver=post.largest)
    post.deliver()
    assert {state for state, _ in states()} == {"due"}
    assert adapter.held() == []
    case.mend()
    post.deliver_everything()
    assert positions(adapter) == [0, 1, 2]
    assert are_the_deliveries(adapter.held(), adapter)
    assert failures()
    assert not set(failures()) & set(NO_CODES)


@of_every_kind("permanent")
def test_a_failure_that_would_stay_is_not_tried_again(adapter: Adapter, post: Post) -> None:
    post.end_run(adapter.permanent(), deliver=post.largest)
    post.deliver()
    assert set(states()) == {("dead", 1)}
    assert not set(failures()) & set(NO_CODES)
    assert adapter.held() == []


@of_every_kind("hanging")
def test_a_target_that_hangs_is_given_up_when_its_time_is_over(
    adapter: Adapter, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = adapter.hanging()
    post.end_run(case, deliver=post.largest)
    with monkeypatch.context() as briefly:
        briefly.setattr(SinkSurroundings, "timeout_seconds", 1.0)
        delivering = post.deliver_in_thread()
        assert delivering.result(timeout=PATIENCE_SECONDS) > 0, "and it still hangs"
    assert {state for state, _ in states()} == {"due"}
    assert set(failures()) == {"timeout"}
    case.mend()
    post.deliver_everything()
    assert set(positions(adapter)) == {0, 1, 2}


class TestAReceiverThatBehavesBadly:
    """Of every kind that makes HTTP requests. (What the others meet is in their own tests.)"""

    @of_receivers()
    @pytest.mark.parametrize("behaviour", BAD)
    def test_half_an_answer_is_none_and_is_asked_for_again_under_the_same_id(
        self, adapter: ReceiverAdapter, behaviour: str, post: Post, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        case = adapter.behaving(behaviour)
        post.end_run(case, deliver=post.largest)
        with monkeypatch.context() as briefly:
            briefly.setattr(SinkSurroundings, "timeout_seconds", 1.0)
            post.deliver()
        assert {state for state, _ in states()} == {"due"}
        assert not set(failures()) & set(NO_CODES)
        case.mend()
        post.deliver_everything()
        assert {state for state, _ in states()} == {"delivered"}
        assert set(positions(adapter)) == {0, 1, 2}
        assert are_the_deliveries(adapter.held(), adapter)

    @of_receivers()
    @pytest.mark.parametrize("behaviour", ["/endless", "/gzip?size=50000000"])
    def test_an_answer_without_bounds_is_read_no_further_than_anybody_wants_to_see(
        self, adapter: ReceiverAdapter, behaviour: str, post: Post
    ) -> None:
        post.end_run(adapter.behaving(behaviour), deliver=post.largest)
        post.deliver()
        assert states() == [("delivered", 1)] * len(states())
        assert all(len(json.dumps(row.receipt)) < 2000 for row in Delivery.objects.all())

    @of_receivers()
    @pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
    def test_a_redirect_is_told_and_not_followed(self, adapter: ReceiverAdapter, code: int, post: Post) -> None:
        post.end_run(adapter.behaving(f"/redirect?code={code}&to=/ok"), deliver=post.largest)
        post.deliver()
        assert set(states()) == {("dead", 1)}
        assert adapter.held() == []

    @of_receivers()
    def test_nothing_is_sent_to_one_whose_certificate_nobody_knows(self, adapter: ReceiverAdapter, post: Post) -> None:
        post.end_run(adapter.encrypted(), deliver=post.largest)
        post.deliver()
        assert {state for state, _ in states()} == {"due"}
        assert set(failures()) == {"tls"}
        assert adapter.service.seen == []


class TestAWorkerThatIsKilled:
    """Each result is there at least once, under one id; exactly once, where the kind says so."""

    @staticmethod
    def holds_everything(adapter: Adapter, post: Post) -> bool:
        helds = adapter.held()
        there = positions(adapter)
        assert {state for state, _ in states()} == {"delivered"}
        once = there == list(range(PAYLOADS))
        return are_the_deliveries(helds, adapter) and (once if post.kind.idempotent else set(there) == {0, 1, 2})

    @of_every_kind_and_unit()
    @pytest.mark.parametrize("step", ["before", "reading", "after"])
    def test_at_any_step(self, adapter: Adapter, unit: Unit, step: str, post: Post) -> None:
        post.end_run(adapter.good(), deliver=unit)
        post.deliver_and_die(at=step)
        post.deliver_everything()
        assert self.holds_everything(adapter, post)
        assert "lost" in failures()

    @of_every_kind("hanging")
    def test_in_the_middle_of_the_hand_over(self, adapter: Adapter, post: Post) -> None:
        case = adapter.hanging()
        post.end_run(case, deliver=post.largest)
        post.deliver_until_killed(case)
        case.mend()
        post.deliver_everything()
        assert self.holds_everything(adapter, post)
        assert "lost" in failures()


@of_every_kind()
def test_a_parcel_that_is_delivered_again_is_the_same_parcel(adapter: Adapter, post: Post) -> None:
    post.end_run(adapter.good(), deliver=post.largest)
    post.deliver()
    Delivery.objects.update(state="due", due_at=Now(), ended_at=None)
    post.deliver_everything()
    assert are_the_deliveries(adapter.held(), adapter)
    assert positions(adapter) == sorted([0, 1, 2] * (1 if post.kind.idempotent else 2))


class TestCheck:
    @of_every_kind()
    def test_it_says_what_it_found_and_delivers_nothing(self, adapter: Adapter, post: Post) -> None:
        said = post.check(adapter.good())
        assert said.endswith(".")
        assert adapter.held() == []

    @of_every_kind("unreachable")
    def test_it_says_what_is_wrong(self, adapter: Adapter, post: Post) -> None:
        case = adapter.unreachable()
        with pytest.raises(JobsError, match=case.says) as caught:
            post.check(case)
        assert isinstance(caught.value, TransientError | PermanentError)
        assert caught.value.code not in NO_CODES
        assert len(str(caught.value).split()) > 2
        assert "\n" not in str(caught.value)

    @of_every_kind("unreachable")
    def test_and_so_does_a_delivery(self, adapter: Adapter, post: Post) -> None:
        post.end_run(adapter.unreachable(), deliver=post.largest)
        post.deliver()
        assert {state for state, _ in states()} <= {"due", "dead"}
        assert failures()
        assert not set(failures()) & set(NO_CODES)


@of_every_kind("secret")
def test_a_secret_is_in_nothing_that_is_kept_or_said(
    adapter: Adapter,
    post: Post,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(SinkSurroundings, "timeout_seconds", 3.0)  # nothing more comes from who says such things
    answers = []
    for case in adapter.secret(SECRET):
        post.end_run(case, deliver=post.largest)
        post.deliver()
        post.let_time_pass()
        answers.append(said(post, case))
    told = "\n".join([every_row(), caplog.text, *capfd.readouterr(), *answers])
    for form in FORMS:
        assert form[:8] not in told  # whoever cuts a text does so after it was masked


class TestWhatAKindIsWithout:
    """The reasons that adapters give."""

    @without("secret")
    def test_its_configuration_names_no_secrets(self, adapter: Adapter, post: Post) -> None:
        assert not list(post.kind.secrets(adapter.good().configuration))

    @without("unreachable")
    def test_there_is_nothing_that_could_be_wrong(self, adapter: Adapter, post: Post) -> None:
        assert post.kind.configuration.model_validate({})
