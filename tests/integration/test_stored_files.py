"""Files that payloads make: kept whole or not at all, the later attempt's, and given to those who may read the run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from jobs.errors import TransientError
from jobs.made_file import MadeFile
from jobs.models import Role, Run, StoredFile, Workspace
from jobs.services.stored_files import INCOMING, Owner, incoming_folder, move_in, record
from tests.integration.people import Api, make_job, make_user, make_workspace
from tests.integration.run_rows import make_run

pytestmark = pytest.mark.django_db

Keep = Callable[..., Path]


@pytest.fixture
def root(settings: Any, tmp_path: Path) -> Path:
    settings.JOBS_STORED_FILES = tmp_path
    return tmp_path


@pytest.fixture
def run(workspace: Workspace) -> Run:
    return make_run(make_job(workspace))


def owner_of(run: Run, *, attempt: int = 1, position: int = 0) -> Owner:
    return Owner(run.workspace.slug, run.pk, position, attempt)


@pytest.fixture
def keep(root: Path, run: Run) -> Keep:
    """Keeps a file as an attempt does; where it lies then."""

    def keeping(text: str = "a", *, name: str = "a.csv", of: Run = run, **owner: int) -> Path:
        whose = owner_of(of, **owner)
        source = incoming_folder(root=root, owner=whose) / name
        source.write_text(text)
        files = move_in(root=root, owner=whose, files=[MadeFile(source, name, "text/csv", len(text), "0" * 64)])
        record(root=root, owner=whose, files=files)
        return files[0].source

    return keeping


class TestKeeping:
    def test_a_file_lies_under_its_run_and_has_a_row(self, keep: Keep, root: Path, run: Run) -> None:
        path = keep("text")
        assert path.read_text() == "text"
        assert path.is_relative_to(root / "acme" / str(run.pk))
        row = StoredFile.objects.get()
        assert (row.run_id, row.position, row.attempt, row.name, row.size_bytes) == (run.pk, 0, 1, "a.csv", 4)

    def test_a_later_attempt_s_file_takes_the_place_of_the_former(self, keep: Keep) -> None:
        former, present = keep("a"), keep("b", attempt=2)
        assert StoredFile.objects.get().attempt == 2
        assert present.read_text() == "b"
        assert not former.exists()

    def test_an_earlier_attempt_that_comes_late_changes_nothing(self, keep: Keep) -> None:
        present = keep("b", attempt=2)
        with pytest.raises(TransientError) as caught:
            keep("a", attempt=1)
        assert caught.value.code == "superseded"
        assert StoredFile.objects.get().attempt == 2
        assert present.read_text() == "b"

    def test_writing_the_rows_again_changes_nothing(self, keep: Keep, root: Path, run: Run) -> None:
        path = keep()
        file = MadeFile(path, "a.csv", "text/csv", 1, "0" * 64)
        record(root=root, owner=owner_of(run), files=[file])
        assert StoredFile.objects.count() == 1
        assert path.exists()

    def test_a_later_attempt_replaces_files_of_other_names_too(self, keep: Keep) -> None:
        former = keep("a", name="people-1.csv")
        later = keep("b", name="people-2.csv", attempt=2)
        assert [row.name for row in StoredFile.objects.all()] == ["people-2.csv"]
        assert (former.exists(), later.exists()) == (False, True)

    def test_an_earlier_attempt_that_comes_late_keeps_nothing_of_another_name_either(self, keep: Keep) -> None:
        keep("b", name="people-2.csv", attempt=2)
        with pytest.raises(TransientError, match="later attempt"):
            keep("a", name="people-1.csv")
        assert [row.name for row in StoredFile.objects.all()] == ["people-2.csv"]

    def test_two_payloads_may_have_files_of_one_name(self, keep: Keep) -> None:
        first, second = keep("a"), keep("b", position=1)
        assert (first.read_text(), second.read_text()) == ("a", "b")

    def test_what_a_former_attempt_left_in_its_folder_is_removed(self, root: Path, run: Run) -> None:
        left, others = (incoming_folder(root=root, owner=owner_of(run, position=at)) for at in (0, 10))
        (left / "half.csv").write_text("half")
        folder = incoming_folder(root=root, owner=owner_of(run, attempt=2))
        assert sorted((root / INCOMING).iterdir()) == sorted([folder, others])
        assert list(folder.iterdir()) == []


class TestTheApi:
    @pytest.fixture
    def api(self, workspace: Workspace) -> Api:
        return Api(make_user("vera", workspace=workspace, role=Role.VIEWER))

    def test_lists_the_files_of_a_run(self, api: Api, keep: Keep, run: Run) -> None:
        keep("a")
        keep("bb", name="b.csv", position=1)
        found = api.get(f"runs/{run.pk}/files/").json()["results"]
        row = StoredFile.objects.get(name="a.csv")
        assert found[0] == {
            "id": row.pk,
            "position": 0,
            "attempt": 1,
            "name": "a.csv",
            "media_type": "text/csv",
            "size_bytes": 1,
            "sha256": "0" * 64,
            "created_at": row.created_at.isoformat().replace("+00:00", "Z"),
        }
        assert [file["name"] for file in found] == ["a.csv", "b.csv"]
        assert [file["name"] for file in api.get(f"runs/{run.pk}/files/", position=1).json()["results"]] == ["b.csv"]

    def test_lists_them_in_pages(self, api: Api, keep: Keep, run: Run) -> None:
        keep("a")
        keep("b", name="b.csv")
        page = api.get(f"runs/{run.pk}/files/", limit=1).json()
        following = api.get(f"runs/{run.pk}/files/", limit=1, after=page["results"][0]["id"]).json()
        assert [file["name"] for file in page["results"] + following["results"]] == ["a.csv", "b.csv"]
        assert following["next"] is None

    def test_gives_a_file_as_a_download(self, api: Api, keep: Keep, run: Run) -> None:
        keep("<script>alert(1)</script>")
        answer = api.get(f"runs/{run.pk}/files/0/a.csv/")
        assert b"".join(answer.streaming_content) == b"<script>alert(1)</script>"
        assert answer["Content-Disposition"] == 'attachment; filename="a.csv"'
        assert answer["Content-Type"] == "text/csv"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Length"] == "25"
        assert answer["ETag"] == f'"{"0" * 64}"'

    @pytest.mark.parametrize("name", ["b.csv", "..", "..%2F..%2Fsecret", "a.csv/x"])
    def test_gives_nothing_else(self, api: Api, keep: Keep, run: Run, name: str) -> None:
        keep()
        assert api.get(f"runs/{run.pk}/files/0/{name}/").status_code == 404

    def test_says_so_when_the_file_is_no_longer_there(self, api: Api, keep: Keep, run: Run) -> None:
        keep().unlink()
        answer = api.get(f"runs/{run.pk}/files/0/a.csv/")
        assert answer.status_code == 404
        assert "no longer in the folder" in answer.json()["detail"]

    def test_gives_nothing_to_other_workspaces_and_strangers(self, keep: Keep, run: Run) -> None:
        keep()
        other = make_workspace("other")
        member = make_user("olga", workspace=other, role=Role.OWNER)
        path = f"runs/{run.pk}/files/0/a.csv/"
        assert Api(member).get(path).status_code == 404
        assert Api(member, workspace="other").get(path).status_code == 404
        assert Api(None).get(path).status_code == 401


class TestTheAdmin:
    def test_a_payload_s_page_leads_to_its_files(self, admin_client: Client, keep: Keep, run: Run) -> None:
        keep()
        keep(name="b.csv", position=1)
        page = admin_client.get(f"/admin/jobs/run/{run.pk}/payloads/0/").content.decode()
        address = f"/api/v1/workspaces/acme/runs/{run.pk}/files/0/a.csv/"
        assert f'<a href="{address}">a.csv</a>' in page
        assert "b.csv" not in page
        assert b"".join(admin_client.get(address).streaming_content) == b"a"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("stored_file_name_once_per_payload", {"path": "other"}),
        ("stored_file_path_once", {"name": "other"}),
        ("stored_file_size_from_zero", {"name": "other", "path": "other", "size_bytes": -1}),
    ],
)
def test_the_database_refuses(keep: Keep, name: str, change: dict[str, Any]) -> None:
    keep()
    row = StoredFile.objects.get()
    row.pk = None
    for field, value in change.items():
        setattr(row, field, value)
    with pytest.raises(IntegrityError, match=f'constraint "{name}"'), transaction.atomic():
        row.save(force_insert=True)
