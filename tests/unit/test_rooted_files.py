"""Which files payloads may touch."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.errors import PermanentError
from workers.payloads.spark import files as spark_files
from workers.rooted_files import readable, writable


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "data.csv").write_text("a\n1\n")
    (tmp_path / "outside.csv").write_text("a\n1\n")
    return tmp_path / "root"


class TestWhatIsOpen:
    def test_a_relative_path_begins_at_the_first_root(self, root: Path, tmp_path: Path) -> None:
        assert readable("data.csv", roots=[root, tmp_path], field="path") == root / "data.csv"

    def test_an_absolute_path_inside_any_root_is_read(self, root: Path, tmp_path: Path) -> None:
        assert readable(str(tmp_path / "outside.csv"), roots=[root, tmp_path], field="path") == tmp_path / "outside.csv"

    @pytest.mark.parametrize(
        "path", ["../outside.csv", "/etc/passwd", "nothing/../../outside.csv", "../nothing.csv", "../root2/a.csv"]
    )
    def test_what_lies_outside_is_refused_and_not_told_of(self, root: Path, path: str) -> None:
        with pytest.raises(PermanentError, match=r"outside the folders that JOBS_FILE_ROOTS allows") as caught:
            readable(path, roots=[root], field="path")
        assert caught.value.code == "file_refused"

    def test_a_link_that_leads_outside_is_refused(self, root: Path, tmp_path: Path) -> None:
        (root / "link.csv").symlink_to(tmp_path / "outside.csv")
        (root / "folder").symlink_to(tmp_path)
        for path in ("link.csv", "folder/outside.csv"):
            with pytest.raises(PermanentError, match="JOBS_FILE_ROOTS"):
                readable(path, roots=[root], field="path")
        with pytest.raises(PermanentError, match="JOBS_FILE_ROOTS"):
            writable("folder/new.duckdb", roots=[root], field="path")

    def test_a_link_that_stays_inside_is_followed(self, root: Path) -> None:
        (root / "link.csv").symlink_to(root / "data.csv")
        assert readable("link.csv", roots=[root], field="path") == root / "data.csv"

    def test_a_loop_of_links_is_refused(self, root: Path) -> None:
        (root / "loop.csv").symlink_to(root / "loop.csv")
        with pytest.raises(PermanentError):
            readable("loop.csv", roots=[root], field="path")

    def test_a_name_with_the_character_nul_is_refused(self, root: Path) -> None:
        with pytest.raises(PermanentError, match="JOBS_FILE_ROOTS"):
            readable("data.csv\x00", roots=[root], field="path")

    def test_without_roots_nothing_is_open(self) -> None:
        with pytest.raises(PermanentError, match="sets JOBS_FILE_ROOTS"):
            readable("/etc/passwd", roots=[], field="path")

    @pytest.mark.parametrize("path", ["absent.csv", ".", "x" * 300, "x" * 300 + "/data.csv", "data.csv/within"])
    def test_what_is_no_file_is_told(self, root: Path, path: str) -> None:
        with pytest.raises(PermanentError, match="there is no file") as caught:
            readable(path, roots=[root], field="path")
        assert caught.value.code == "file_missing"

    def test_a_new_file_needs_its_folder(self, root: Path) -> None:
        assert writable("new.duckdb", roots=[root], field="path") == root / "new.duckdb"
        for path in ("absent/new.duckdb", "data.csv/new.duckdb"):
            with pytest.raises(PermanentError, match=r"path: the folder of .* does not exist") as caught:
                writable(path, roots=[root], field="path")
            assert caught.value.code == "file_missing"


class TestForSpark:
    def test_a_pattern_inside_a_root_is_told_as_it_is(self, root: Path) -> None:
        found = spark_files.located("day=*/part-[0-9].parquet", roots=[root], field="path", remote=False)
        assert found == f"{root}/day=*/part-[0-9].parquet"

    @pytest.mark.parametrize("path", ["{a/b,../..}/etc/passwd", r"\.\./\.\./etc/passwd", "{a,b}.csv"])
    def test_a_pattern_in_which_hadoop_would_read_dots_is_refused(self, root: Path, path: str) -> None:
        with pytest.raises(PermanentError, match="contains one of") as caught:
            spark_files.located(path, roots=[root], field="path", remote=False)
        assert caught.value.code == "file_refused"

    def test_an_address_is_for_clusters_only(self, root: Path) -> None:
        address = "s3a://bucket/key"
        assert spark_files.located(address, roots=[], field="path", remote=True) == address
        assert spark_files.existing(address, roots=[], field="path", remote=True) == address
        with pytest.raises(PermanentError, match="there is no file"):
            spark_files.existing(address, roots=[root], field="path", remote=False)
