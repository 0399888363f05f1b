"""These pages in German: each can be read to its end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client
from django.utils import translation

from jobs.models import AuditEntry, Role, Workspace
from jobs.services.service_accounts import create_service_account
from tests.integration.people import make_job
from tests.integration.ui.people.reading import BASE

pytestmark = pytest.mark.django_db
GERMAN = {"Accept-Language": "de"}


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    """A request's language stays with its thread: what comes after these tests speaks English."""
    yield
    translation.deactivate()


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/ui/workspaces/", "Ihre Rolle"),
        ("rename/", "In Adressen bleibt „acme“"),
        ("members/", "Jemand muss ihn immer innehaben"),
        ("members/add/", "liest alles außer Geheimnissen"),
        ("members/people/owner/remove/", "owner sieht von nun an nichts mehr von Acme"),
        ("members/service-accounts/", "Konten für Programme"),
        ("members/service-accounts/ci/delete/", "ci wird mit seinen Tokens gelöscht"),
        ("tokens/", "Es gibt noch kein Token"),
        ("tokens/new/", "Startet Läufe, hält sie an"),
        ("tokens/workspace/", "Die dieses Arbeitsbereichs"),
        ("audit/", "Wer wann was geändert hat"),
        ("audit/?actor=nobody", "Kein Eintrag passt zu diesen Filtern"),
        ("audit/{entry}/", "Was angelegt wurde"),
    ],
)
def test_each_page_can_be_read(owner: Client, workspace: Workspace, path: str, said: str) -> None:
    create_service_account(workspace=workspace, name="ci", role=Role.VIEWER, actor="ann")
    make_job(workspace)
    entry = AuditEntry.objects.get(action="job.created").pk
    address = path if path.startswith("/") else BASE + path.format(entry=entry)
    answer = owner.get(address, headers=GERMAN)
    assert answer.status_code == 200
    assert said in answer.content.decode()
