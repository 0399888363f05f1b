"""The database of a private system is brought up to date, as often as one likes."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from django.contrib.auth import authenticate

from embedded import spark
from embedded.prepare import prepare
from embedded.system import EXAMPLE_SERVICE, EXAMPLES, copied_to, written_for
from jobs.models import ApiToken, Job, Membership, Origin
from jobs.services.tokens import find_token
from tests.integration.people import Api


@pytest.mark.django_db
class TestPrepare:
    def test_the_administrator_the_token_and_the_examples_are_there(self, tmp_path: Path) -> None:
        token = prepared(tmp_path, password="a first long passphrase")
        user = authenticate(username="admin", password="a first long passphrase")
        found = find_token(token=token, now=dt.datetime.now(dt.UTC))
        assert user is not None
        assert found is not None
        assert found.user == user
        assert Membership.objects.get(workspace__slug="demo", user=user).role == "owner"
        assert Job.objects.filter(workspace__slug="demo", type="task", name="check-partners").exists()

    def test_the_examples_are_their_users_to_edit_and_not_kept_in_the_files(self, tmp_path: Path) -> None:
        api = Api(None, workspace="demo")
        api.headers = {"Authorization": f"Bearer {prepared(tmp_path, password='a first long passphrase')}"}
        job = api.get("jobs/task:ping/").json()
        edited = api.send("PUT", "jobs/task:ping/", job | {"description": "edited"})
        assert (job["origin"], edited.status_code, edited.json()["description"]) == (None, 200, "edited")
        assert not Origin.objects.exists()

    def test_a_later_start_replaces_password_and_token_and_leaves_the_jobs_as_they_are(self, tmp_path: Path) -> None:
        first = prepared(tmp_path, password="a first long passphrase")
        prepared(tmp_path, password="a second long passphrase")
        assert authenticate(username="admin", password="a first long passphrase") is None
        assert authenticate(username="admin", password="a second long passphrase") is not None
        assert find_token(token=first, now=dt.datetime.now(dt.UTC)) is None
        assert ApiToken.objects.count() == 1
        assert set(Job.objects.values_list("version", flat=True)) == {1}


class TestTheCopies:
    @pytest.mark.parametrize("missing", ["", "Spark is not on this worker"])
    def test_manifests_are_loaded_with_the_address_that_the_service_really_has(
        self, missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(spark, "why_left_out", lambda: missing)
        copies = written_for("http://127.0.0.1:9", folder=tmp_path / "examples")
        text = "".join(copy.read_text() for copy in copies)
        there = [
            "cleanup.yaml",
            "datasources.yaml",
            "generate.yaml",
            *([] if missing else ["spark.yaml"]),
            "tasks.yaml",
        ]
        assert [copy.name for copy in copies] == there
        assert EXAMPLE_SERVICE not in text
        assert text.count("http://127.0.0.1:9/") > 200

    def test_an_example_that_is_gone_is_gone_from_the_copies(self, tmp_path: Path) -> None:
        (tmp_path / "old.yaml").write_text("key: task:old")
        written_for("http://127.0.0.1:9", folder=tmp_path)
        assert not (tmp_path / "old.yaml").exists()

    def test_the_data_is_copied_beside_what_jobs_write(self, tmp_path: Path) -> None:
        (tmp_path / "weather.duckdb").write_text("written by a job")
        (tmp_path / "flights.csv").write_text("damaged")
        copied_to(tmp_path)
        assert (tmp_path / "flights.csv").read_bytes() == (EXAMPLES / "data" / "flights.csv").read_bytes()
        assert (tmp_path / "weather.duckdb").read_text() == "written by a job"


def prepared(folder: Path, *, password: str) -> str:
    manifests = [str(path) for path in written_for(EXAMPLE_SERVICE, folder=folder / "examples")]
    return prepare(admin_user="admin", admin_password=password, workspace="demo", manifests=manifests)["api_token"]
