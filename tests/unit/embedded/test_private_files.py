"""Files and folders that nobody else may read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from embedded.errors import StartError
from embedded.private_files import private_folder, read_json, write_private, write_private_json


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class TestPrivateFolder:
    def test_a_new_folder_is_closed_to_others(self, tmp_path: Path) -> None:
        assert mode(private_folder(tmp_path / "new")) == 0o700

    def test_a_folder_that_was_open_is_closed(self, tmp_path: Path) -> None:
        (tmp_path / "open").mkdir(mode=0o755)
        assert mode(private_folder(tmp_path / "open")) == 0o700

    def test_a_symbolic_link_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "theirs").mkdir()
        (tmp_path / "link").symlink_to(tmp_path / "theirs")
        with pytest.raises(StartError, match="is not a folder of user id"):
            private_folder(tmp_path / "link")

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a folder that belongs to somebody else")
    def test_somebody_elses_folder_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "theirs").mkdir()
        os.chown(tmp_path / "theirs", 65534, 65534)
        with pytest.raises(StartError, match="is not a folder of user id 0"):
            private_folder(tmp_path / "theirs")


class TestWritePrivate:
    def test_others_may_not_read_it_and_nothing_else_is_left(self, tmp_path: Path) -> None:
        write_private(tmp_path / "secret", "text")
        assert mode(tmp_path / "secret") == 0o600
        assert [path.name for path in tmp_path.iterdir()] == ["secret"]

    def test_a_link_in_its_place_is_replaced_and_not_followed(self, tmp_path: Path) -> None:
        (tmp_path / "victim").write_text("before")
        (tmp_path / "secret").symlink_to(tmp_path / "victim")
        write_private(tmp_path / "secret", "text")
        assert (tmp_path / "victim").read_text() == "before"
        assert (tmp_path / "secret").read_text() == "text"


class TestReadJson:
    def test_what_was_written_comes_back(self, tmp_path: Path) -> None:
        write_private_json(tmp_path / "a.json", {"a": 1})
        assert read_json(tmp_path / "a.json") == {"a": 1}

    def test_no_file_is_an_empty_object(self, tmp_path: Path) -> None:
        assert read_json(tmp_path / "none.json") == {}

    def test_a_damaged_file_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "a.json").write_text("{")
        with pytest.raises(StartError, match=r"a\.json is damaged"):
            read_json(tmp_path / "a.json")
