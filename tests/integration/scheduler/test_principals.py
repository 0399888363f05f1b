"""As whom a schedule's runs act, and that nobody who may run nothing runs anything by it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from jobs import hotpath
from jobs.acting import acting_as
from jobs.errors import ValidationError
from jobs.models import AuditEntry, Event, Membership, Role, Workspace
from jobs.services.jobs import save_job
from scheduler import claims
from scheduler.claims.principals import find_principals
from scheduler.models import Fire, Schedule
from scheduler.selectors.explanations import explain
from scheduler.services.principals import take_over
from tests.integration.people import make_user
from tests.integration.scheduler.makers import (
    MINUTE,
    NINE,
    after,
    beat,
    cron,
    decided,
    edit,
    entry,
    finish,
    fresh,
    of,
    runs_of,
    save,
    standing,
    start,
    told,
)

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]

ADVICE = ": let somebody else save it, or take it over"


@pytest.fixture
def ann() -> User:
    """Who saves the schedules of `makers`."""
    workspace, _ = Workspace.objects.get_or_create(slug="acme", defaults={"name": "Acme"})
    return make_user("ann", workspace=workspace, role=Role.EDITOR)


def lose(user: User, how: str) -> None:
    """Let somebody be able to run nothing any more."""
    match how:
        case "viewer":
            Membership.objects.filter(user=user).update(role=Role.VIEWER)
        case "none":
            Membership.objects.filter(user=user).delete()
        case "inactive":
            User.objects.filter(pk=user.pk).update(is_active=False)
        case "gone":
            user.delete()


class TestARun:
    def test_acts_as_who_saved_its_schedule(self, ann: User) -> None:
        schedule = standing()
        beat(NINE + MINUTE)
        (run,) = runs_of(schedule)
        assert run.actor == "ann"
        assert Event.objects.get(run=run, kind="run.created").actor == "ann"

    def test_acts_as_nobody_where_no_user_saved_it(self) -> None:
        schedule = standing()
        beat(NINE + MINUTE)
        assert (fresh(schedule).principal_id, runs_of(schedule)[0].actor) == (None, "")

    def test_acts_as_nobody_where_who_saved_it_is_only_called_like_a_user(self, ann: User) -> None:
        schedule = standing()
        saved = save_job(
            workspace=schedule.workspace,
            document=schedule.job.document() | {"schedules": [entry(notes="x")]},
            actor="ann",
        )
        assert [row.principal_id for row in Schedule.objects.filter(job=saved)] == [None]

    def test_acts_as_the_same_user_by_whatever_name(self, ann: User) -> None:
        schedule = standing()
        User.objects.filter(pk=ann.pk).update(username="anna")
        make_user("ann", workspace=Workspace.objects.get(), role=Role.OWNER)
        with acting_as("anna", user=User.objects.get(pk=ann.pk)):
            document = schedule.job.document() | {"schedules": [entry(notes="x")]}
            save_job(workspace=schedule.workspace, document=document, actor="ann")
        assert fresh(schedule).principal_id == ann.pk

    def test_writes_nothing_into_the_audit(self, ann: User) -> None:
        """That says what people did, and a fire is nobody's deed, in whosever name it is."""
        schedule = standing()
        before = AuditEntry.objects.count()
        beat(NINE + MINUTE)
        assert [run.actor for run in runs_of(schedule)] == ["ann"]
        assert AuditEntry.objects.count() == before

    def test_of_several_schedules_each_acts_as_its_own(self, ann: User) -> None:
        schedules = [standing() for _ in range(3)]
        bob = make_user("bob", workspace=Workspace.objects.get(), role=Role.OPERATOR)
        Schedule.objects.filter(pk=schedules[1].pk).update(principal=bob)
        Schedule.objects.filter(pk=schedules[2].pk).update(principal=None)
        beat(NINE + MINUTE)
        assert [runs_of(each)[0].actor for each in schedules] == ["ann", "bob", ""]

    @pytest.mark.parametrize("role", [Role.OPERATOR, Role.EDITOR, Role.OWNER])
    def test_begins_while_its_principal_is_at_least_an_operator(self, ann: User, role: Role) -> None:
        schedule = standing()
        Membership.objects.update(role=role)
        beat(NINE + MINUTE)
        assert told(schedule) == ["09:01 fired"]

    def test_begins_for_a_superuser_without_a_membership(self, ann: User) -> None:
        schedule = standing()
        Membership.objects.all().delete()
        User.objects.update(is_superuser=True)
        beat(NINE + MINUTE)
        assert told(schedule) == ["09:01 fired"]


class TestALostPrincipal:
    @pytest.mark.parametrize(
        ("how", "words"),
        [
            ("viewer", "ann, as whom it acts, is only a viewer now"),
            ("none", "ann, as whom it acts, is not a member of the workspace any more"),
            ("inactive", "ann, as whom it acts, may not log in any more"),
            ("gone", "the user as whom it acts was deleted"),
        ],
    )
    def test_starts_nothing_and_the_decision_says_why(self, ann: User, how: str, words: str) -> None:
        schedule = standing()
        lose(ann, how)
        beat(NINE + MINUTE)
        assert (told(schedule), runs_of(schedule)) == (["09:01 skipped principal_lost"], [])
        assert Fire.objects.get().detail == words + ADVICE
        told_why = explain(schedule=of(schedule.job), at="2026-01-05T09:01:00Z", now=NINE + 2 * MINUTE)
        assert f"it was skipped: {words}" in told_why.sentence

    def test_has_a_role_in_another_workspace_for_nothing(self, ann: User) -> None:
        schedule = standing()
        Membership.objects.update(workspace=Workspace.objects.create(slug="other", name="Other"))
        beat(NINE + MINUTE)
        assert told(schedule) == ["09:01 skipped principal_lost"]

    def test_is_told_of_a_time_to_come(self, ann: User) -> None:
        schedule = standing()
        lose(ann, "none")
        found = explain(schedule=of(schedule.job), at="2026-01-05T09:05:00Z", now=NINE)
        assert (found.verdict, found.reason) == ("not_due", "principal_lost")
        assert "will be skipped as things stand: ann, as whom it acts, is not a member" in found.sentence

    def test_uses_up_no_action_and_others_fire(self, ann: User) -> None:
        lost, other = standing(actions=3), standing()
        Schedule.objects.filter(pk=other.pk).update(principal=None)
        lose(ann, "viewer")
        beat(NINE + MINUTE)
        assert (fresh(lost).actions_left, told(other)) == (3, ["09:01 fired"])

    def test_lets_go_of_what_was_buffered_for_it(self, ann: User) -> None:
        schedule = standing(overlap="buffer_one", actions=5)
        beat(NINE + MINUTE)
        beat(NINE + 2 * MINUTE)
        lose(ann, "none")
        finish(runs_of(schedule)[0])
        beat(NINE + 2 * MINUTE)
        assert told(schedule) == ["09:01 fired", "09:02 skipped principal_lost"]
        assert fresh(schedule).actions_left == 4

    def test_follows_no_other_job(self, ann: User) -> None:
        upstream = save()
        schedule = of(save(entry(after(upstream))))
        lose(ann, "viewer")
        finish(start(upstream))
        beat()
        assert decided(schedule) == ["skipped principal_lost"]

    def test_is_replaced_by_who_saves_it_next(self, ann: User) -> None:
        schedule = standing()
        bob = make_user("bob", workspace=Workspace.objects.get(), role=Role.OPERATOR)
        Schedule.objects.filter(pk=schedule.pk).update(principal=bob)
        lose(bob, "gone")
        assert edit(schedule, notes="").principal_id != ann.pk  # as it said already: nothing was saved
        assert edit(schedule, notes="mine").principal_id == ann.pk


class TestTakingOver:
    def test_lets_it_fire_again_and_is_on_record(self, ann: User) -> None:
        schedule = standing()
        bob = make_user("bob", workspace=Workspace.objects.get(), role=Role.EDITOR)
        lose(ann, "none")
        beat(NINE + MINUTE)
        assert take_over(schedule=schedule, user=bob, actor="bob")
        assert not take_over(schedule=schedule, user=bob, actor="bob")
        beat(NINE + 2 * MINUTE)
        assert told(schedule) == ["09:01 skipped principal_lost", "09:02 fired"]
        assert runs_of(schedule)[0].actor == "bob"
        event = Event.objects.get(kind="schedule.taken_over")
        assert (event.actor, event.data["principal"], event.data["former"]) == ("bob", "bob", "ann")

    def test_takes_somebody_who_may_run_things(self, ann: User) -> None:
        schedule = standing()
        vera = make_user("vera", workspace=Workspace.objects.get(), role=Role.VIEWER)
        with pytest.raises(ValidationError, match="username: vera may run nothing in this workspace"):
            take_over(schedule=schedule, user=vera, actor="vera")
        assert fresh(schedule).principal_id == ann.pk


def test_a_batch_of_schedules_looks_up_its_principals_at_once(ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    schedules = [standing(cron()) for _ in range(5)]
    asked: list[Any] = []

    def counted(cursor: Any, *, pairs: Any) -> Any:
        asked.append(set(pairs))
        return find_principals(cursor, pairs=pairs)

    monkeypatch.setattr("scheduler.claims.schedules.find_principals", counted)
    with hotpath.connection() as connection, connection.transaction():
        claimed = claims.claim_due(connection, take=10, now=NINE + MINUTE)
    assert [each.principal.username for each in claimed] == ["ann"] * len(schedules)
    assert asked == [{(ann.pk, schedules[0].workspace_id)}]
