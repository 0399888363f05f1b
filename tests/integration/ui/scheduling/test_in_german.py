"""The Scheduler's pages in German: each can be read to its end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client
from django.utils import translation

from jobs.models import Role, Workspace
from scheduler.services.controls import skip_next
from tests.integration.people import make_job, make_user, signed_in
from tests.integration.schedule_rows import make_fire, make_schedule, make_skip
from tests.integration.ui.scheduling.reading import BASE, words

pytestmark = pytest.mark.django_db
GERMAN = {"Accept-Language": "de"}


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    """A request's language stays with its thread: what comes after these tests speaks English."""
    yield
    translation.deactivate()


@pytest.fixture
def owner(workspace: Workspace) -> Client:
    """He may do all."""
    return signed_in(make_user("otmar", workspace=workspace, role=Role.OWNER))


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("", "Neuer Zeitplan"),
        ("?q=nobody", "Kein Zeitplan passt zu diesen Filtern"),
        ("new/", "Der Job, der laufen soll"),
        ("{pk}/", "Warum lief er, oder warum nicht?"),
        ("{pk}/edit/", "Auslöser hinzufügen"),
        ("{pk}/backfill/", "Zeigen, was laufen würde"),
        ("{pk}/do/pause/", "Zeitplan default von task:ping"),
        ("calendar/", "kommt noch"),
        ("calendar/?span=day", "Nach der Uhr von UTC"),
        ("timeline/", "In diesen 24 Stunden lief nichts"),
        ("load/?whole=yes", "nach der Uhr dran"),
        ("chains/", "Welcher Job welchen auslöst"),
        ("backfills/", "Noch kein Nachlauf wurde verlangt"),
    ],
)
def test_each_page_can_be_read(owner: Client, workspace: Workspace, path: str, said: str) -> None:
    schedule = make_schedule(workspace)
    make_job(workspace, "task:first")
    make_schedule(workspace, "task:second", triggers=[{"type": "job", "jobs": ["task:first"], "delay": "5m"}])
    make_fire(schedule)
    make_skip(schedule, 1)
    skip_next(schedule=schedule, actor="ann")
    assert said in words(owner.get(BASE + path.format(pk=schedule.pk), headers=GERMAN))
