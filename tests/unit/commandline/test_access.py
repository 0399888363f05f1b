"""Where the address, the workspace and the token come from, and who sees the token."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from commandline.access import Access, checked_token, checked_url, find_access, forget_access, login_file, store_access
from commandline.exits import Exit, Failure

STORED = Access("https://jobs.example.org", "demo", "jobs_stored")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Somebody who is logged in."""
    environment = {"XDG_CONFIG_HOME": str(tmp_path)}
    store_access(STORED, environment=environment)
    return environment


class TestStoring:
    def test_only_its_owner_can_read_the_file_and_its_folder(self, environment: dict[str, str]) -> None:
        file = login_file(environment)
        assert [stat.S_IMODE(path.stat().st_mode) for path in (file, file.parent)] == [0o600, 0o700]
        assert list(file.parent.iterdir()) == [file]

    def test_what_was_stored_is_found(self, environment: dict[str, str]) -> None:
        assert find_access(environment=environment) == STORED

    def test_a_file_that_others_may_read_is_refused(self, environment: dict[str, str]) -> None:
        login_file(environment).chmod(0o640)
        with pytest.raises(Failure, match="chmod 600") as refused:
            find_access(environment=environment)
        assert refused.value.code is Exit.USAGE

    def test_a_file_that_is_no_json_is_told_with_its_cure(self, environment: dict[str, str]) -> None:
        login_file(environment).write_text("{")
        with pytest.raises(Failure, match="jobsctl login writes it anew"):
            find_access(environment=environment)

    def test_what_was_forgotten_is_gone(self, environment: dict[str, str]) -> None:
        assert (forget_access(environment=environment), forget_access(environment=environment)) == (True, False)
        with pytest.raises(Failure, match="not logged in"):
            find_access(environment=environment)

    def test_a_relative_xdg_path_is_ignored(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", "/home/ann")
        assert login_file({"XDG_CONFIG_HOME": "here"}) == Path("/home/ann/.config/jobsctl/login.json")

    def test_the_token_is_in_no_representation(self) -> None:
        assert "jobs_stored" not in repr(STORED)


class TestTheEnvironment:
    def test_it_wins_over_the_file(self, environment: dict[str, str]) -> None:
        environment |= {"JOBS_URL": "http://other/", "JOBS_TOKEN": "jobs_other", "JOBS_WORKSPACE": "acme"}
        assert find_access(environment=environment) == Access("http://other", "acme", "jobs_other")

    def test_the_command_line_wins_over_both(self, environment: dict[str, str]) -> None:
        found = find_access(environment=environment | {"JOBS_WORKSPACE": "acme"}, workspace="third")
        assert found.workspace == "third"

    def test_a_stored_token_is_not_shown_to_another_address(self, environment: dict[str, str]) -> None:
        with pytest.raises(Failure, match="no JOBS_TOKEN for https://evil"):
            find_access(environment=environment | {"JOBS_URL": "https://evil.example.org"})

    def test_without_a_file_it_is_enough(self, tmp_path: Path) -> None:
        environment = {
            "XDG_CONFIG_HOME": str(tmp_path),
            "JOBS_URL": "http://a",
            "JOBS_TOKEN": "t",
            "JOBS_WORKSPACE": "w",
        }
        assert find_access(environment=environment) == Access("http://a", "w", "t")


@pytest.mark.parametrize("url", ["jobs.example.org", "ftp://a", "https://", "https://a/?b=c", "https://ann:secret@a"])
def test_what_is_no_address_of_a_site_is_refused(url: str) -> None:
    with pytest.raises(Failure):
        checked_url(url)


@pytest.mark.parametrize("token", ["two words", "line\nbreak", "jobs_ä"])
def test_what_is_no_token_is_refused_without_being_shown(token: str) -> None:
    with pytest.raises(Failure) as refused:
        checked_token(token)
    assert token not in str(refused.value)
