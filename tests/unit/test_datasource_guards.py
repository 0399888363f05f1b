"""Which files and which servers a datasource may reach."""

from __future__ import annotations

from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from jobs.errors import PermanentError
from workers.payloads.datasource import databases
from workers.payloads.datasource.connections import from_secret, own, password_of
from workers.payloads.datasource.patterns import matching

OWN = {"NAME": "jobs", "USER": "u", "PASSWORD": "p w'x", "HOST": "", "PORT": ""}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "data.csv").write_text("a\n1\n")
    (tmp_path / "outside.csv").write_text("a\n1\n")
    return tmp_path / "root"


class TestPatterns:
    @pytest.fixture
    def tree(self, root: Path) -> Path:
        for name in ("a1.csv", "a2.csv", "b.csv", "deep/a3.csv", "deep/er/a4.csv"):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text("a\n1\n")
        return root

    @pytest.mark.parametrize(
        ("pattern", "found"),
        [
            ("a*.csv", ["a1.csv", "a2.csv"]),
            ("a?.csv", ["a1.csv", "a2.csv"]),
            ("deep/*.csv", ["deep/a3.csv"]),
            ("**/a*.csv", ["a1.csv", "a2.csv", "deep/a3.csv", "deep/er/a4.csv"]),
            ("d*/a3.csv", ["deep/a3.csv"]),
            ("b.csv", ["b.csv"]),
        ],
    )
    def test_all_files_that_match_are_found_in_order(self, tree: Path, pattern: str, found: list[str]) -> None:
        assert matching(pattern, roots=[tree]) == [tree / name for name in found]
        assert matching(f"{tree}/{pattern}", roots=[tree]) == [tree / name for name in found]

    def test_nothing_that_matches_is_told(self, tree: Path) -> None:
        with pytest.raises(PermanentError, match=r"nothing matches 'z\*'") as caught:
            matching("z*", roots=[tree])
        assert caught.value.code == "file_missing"

    @pytest.mark.parametrize("pattern", ["../*", "/etc/*", "deep/*/../../../*", "*/../../outside.csv"])
    def test_no_pattern_leads_outside(self, tree: Path, pattern: str) -> None:
        with pytest.raises(PermanentError):
            matching(pattern, roots=[tree])

    def test_a_link_that_leads_outside_is_refused_where_it_matches(self, tree: Path, tmp_path: Path) -> None:
        (tree / "a9.csv").symlink_to(tmp_path / "outside.csv")
        with pytest.raises(PermanentError, match="JOBS_FILE_ROOTS"):
            matching("a*.csv", roots=[tree])

    def test_a_name_that_duckdb_would_take_for_a_pattern_is_refused(self, tree: Path) -> None:
        (tree / "a[1].csv").write_text("a\n1\n")
        with pytest.raises(PermanentError, match="rename"):
            matching("a*.csv", roots=[tree])


class TestDatabases:
    @pytest.mark.parametrize(
        ("url", "expected"),
        [
            (
                "postgresql://u:p%40ss@h:5433/d?sslmode=require",
                "postgresql+psycopg://u:p%40ss@h:5433/d?sslmode=require",
            ),
            ("mysql://u:p@h/d", "mysql+pymysql://u:p@h/d"),
            ("mssql+pyodbc://u:p@h/d", "mssql+pyodbc://u:p@h/d"),
        ],
    )
    def test_a_url_names_a_driver(self, url: str, expected: str, root: Path) -> None:
        assert databases.from_secret(url, name="W", roots=[root]) == expected

    def test_a_sqlite_file_lies_inside_the_roots(self, root: Path) -> None:
        assert databases.from_secret("sqlite:///a.db", name="W", roots=[root]) == f"sqlite:///{root / 'a.db'}"
        with pytest.raises(PermanentError, match="JOBS_FILE_ROOTS"):
            databases.from_secret("sqlite:////etc/a.db", name="W", roots=[root])

    @pytest.mark.parametrize(
        "url",
        [
            "topsecret",
            "mysql://u:topsecret@/d",
            "mysql://u:top@secret@h/d",
            "mysql://u:topsecret@h/d?read_default_file=/etc/passwd",
            "postgresql://u:topsecret@h/d?host=/run",
            "mssql+pyodbc://?odbc_connect=topsecret",
            "sqlite://",
            "sqlite:///:memory:",
            "sqlite:///file:a.db?mode=ro&uri=true",
            "duckdb:///topsecret",
        ],
    )
    def test_what_is_not_allowed_is_refused_without_repeating_the_password(self, url: str, root: Path) -> None:
        with pytest.raises(PermanentError, match="secret 'W'") as caught:
            databases.from_secret(url, name="W", roots=[root])
        assert "topsecret" not in str(caught.value)


class TestServers:
    def test_a_url_becomes_a_connection_string(self) -> None:
        conninfo = from_secret("postgresql://u:p%40ss@db.example:5433/d?sslmode=require", name="W", sockets=False)
        expected = {
            "user": "u",
            "password": "p@ss",
            "host": "db.example",
            "port": "5433",
            "dbname": "d",
            "sslmode": "require",
        }
        assert conninfo_to_dict(conninfo) == expected
        assert password_of(conninfo) == "p@ss"

    @pytest.mark.parametrize(
        "url",
        [
            "postgresql://u:top@secret@h/d",
            "postgresql://u:top/secret@h/d",
            "postgresql://u:1234/top@secret",
            "host=h password=topsecret dbname=d",
            "mysql://u:topsecret@h/d",
            "postgresql://u:topsecret@h",
            "postgresql:///d?password=topsecret",
            "topsecret",
        ],
    )
    def test_what_is_no_url_is_refused_without_repeating_any_of_it(self, url: str) -> None:
        with pytest.raises(PermanentError, match="secret 'W' is no PostgreSQL URL") as caught:
            from_secret(url, name="W", sockets=True)
        assert "top" not in str(caught.value)

    @pytest.mark.parametrize("option", ["passfile", "service", "sslkey", "sslcert", "sslrootcert"])
    def test_options_that_read_the_workers_files_are_refused(self, option: str) -> None:
        with pytest.raises(PermanentError, match=f"option {option} is not allowed"):
            from_secret(f"postgresql://u:p@h/d?{option}=/etc/passwd", name="W", sockets=True)

    def test_unix_sockets_are_the_deployments_own(self) -> None:
        url = "postgresql://u:p@%2Frun%2Fpostgresql/d"
        with pytest.raises(PermanentError, match="JOBS_DATASOURCE_OWN_DATABASE"):
            from_secret(url, name="W", sockets=False)
        assert conninfo_to_dict(from_secret(url, name="W", sockets=True))["host"] == "/run/postgresql"

    def test_the_systems_own_database_is_closed_by_default(self) -> None:
        with pytest.raises(PermanentError, match="opens it with JOBS_DATASOURCE_OWN_DATABASE") as caught:
            own(OWN, allowed=False)
        assert caught.value.code == "destination_refused"

    def test_the_systems_own_database_is_reached_with_its_own_settings(self) -> None:
        assert conninfo_to_dict(own(OWN, allowed=True)) == {"dbname": "jobs", "user": "u", "password": "p w'x"}
