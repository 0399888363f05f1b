"""The key of secrets is replaced while the system runs."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command

from jobs import secret_box
from jobs.models import Secret, Workspace
from jobs.services.secrets import read_secret, rotate_keys, set_secret

pytestmark = pytest.mark.django_db

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "rotate-secret-keys.md"


@pytest.fixture(autouse=True)
def _two_secrets_of_the_old_key(workspace: Workspace, settings: Any) -> None:
    settings.JOBS_SECRET_KEYS = [OLD]
    set_secret(workspace=workspace, name="a", value="first")
    set_secret(workspace=workspace, name="b", value="second")
    settings.JOBS_SECRET_KEYS = [NEW, OLD]


def rotate(*arguments: str) -> str:
    out = StringIO()
    call_command("rotate_secret_keys", *arguments, stdout=out)
    return out.getvalue().strip()


def test_afterwards_the_old_key_is_needed_no_more(workspace: Workspace, settings: Any) -> None:
    said = rotate()
    assert said == re.findall(r"^ +(\d+ encrypted anew.*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)[0]
    settings.JOBS_SECRET_KEYS = [NEW]
    assert [read_secret(workspace_id=workspace.pk, name=name) for name in "ab"] == ["first", "second"]


def test_doing_it_again_changes_nothing() -> None:
    rotate()
    before = list(Secret.objects.order_by("pk").values())
    assert rotate() == "0 encrypted anew, 2 with the newest key already"
    assert list(Secret.objects.order_by("pk").values()) == before


def test_a_dry_run_changes_nothing() -> None:
    before = list(Secret.objects.order_by("pk").values())
    assert rotate("--dry-run") == "2 would be encrypted anew, 0 with the newest key already"
    assert list(Secret.objects.order_by("pk").values()) == before


def test_one_that_no_key_decrypts_is_named_and_left_and_the_others_are_done(
    workspace: Workspace, settings: Any
) -> None:
    Secret.objects.filter(name="a").update(ciphertext=Fernet(Fernet.generate_key()).encrypt(b"lost"))
    with pytest.raises(CommandError, match="no key of JOBS_SECRET_KEYS decrypts acme/a: add the key"):
        rotate()
    settings.JOBS_SECRET_KEYS = [NEW]
    assert read_secret(workspace_id=workspace.pk, name="b") == "second"


def test_what_somebody_sets_meanwhile_stays(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    real = secret_box.unseal

    def unseal(ciphertext: bytes) -> str:
        value = real(ciphertext)
        Secret.objects.filter(name="a").update(ciphertext=secret_box.seal("set meanwhile"))
        return value

    monkeypatch.setattr(secret_box, "unseal", unseal)
    assert rotate_keys().rotated == 1
    monkeypatch.undo()
    assert read_secret(workspace_id=workspace.pk, name="a") == "set meanwhile"


def test_without_keys_it_says_so(settings: Any) -> None:
    settings.JOBS_SECRET_KEYS = []
    with pytest.raises(CommandError, match="JOBS_SECRET_KEYS is not set"):
        rotate()
