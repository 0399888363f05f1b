"""The datasource kind: from a file into the tests' PostgreSQL."""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import psycopg
from django.db import connections

from jobs.models import Workspace
from jobs.services.secrets import set_secret
from tests.conformance.adapter import Adapter, Case
from workers.payloads.datasource.connections import own

_NOBODY = "postgresql://me:{password}@127.0.0.1:1/nowhere"


class DatasourceAdapter(Adapter):
    """Its attempts are made in child processes."""

    kind = "datasource"
    job_type = "datasource"
    in_child = True

    @property
    def settings(self) -> Mapping[str, Any]:
        """It may read the test's folder, and write into this system's own database."""
        return {
            "JOBS_FILE_ROOTS": [self.folder],
            "JOBS_DATASOURCE_OWN_DATABASE": True,
            "JOBS_EGRESS_ALLOW": [ipaddress.ip_network("127.0.0.1/32")],
        }

    def __enter__(self) -> DatasourceAdapter:
        self._schema = f"conformance_{secrets.token_hex(4)}"
        self._connection = psycopg.connect(own(connections["default"].settings_dict, allowed=True), autocommit=True)
        (self.folder / "rows.csv").write_text("n\n1\n2\n3\n")
        (self.folder / "broken.json").write_text('[{"n": 1}, {"n"')
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.rollback()
        self._connection.execute(f"DROP SCHEMA IF EXISTS {self._schema} CASCADE")
        self._connection.close()

    def success(self) -> Case:
        """Three rows."""
        return Case(self._load("rows.csv"), holds=lambda result: result["rows"]["output"] == 3)

    logs = success

    def transient(self) -> Case:
        """Nobody listens where the secret says; then it says where the database is."""
        return Case(
            self._load("rows.csv", url_secret="warehouse"),
            secrets={"warehouse": _NOBODY.format(password="not-yet")},
            mend=lambda: set_secret(workspace=Workspace.objects.get(), name="warehouse", value=_url()),
        )

    def permanent(self) -> Case:
        """The file is no JSON."""
        return Case(self._load("broken.json"))

    def slow(self) -> Case:
        """Somebody holds the table that it wants to replace."""
        self._make_table()
        self._connection.execute("BEGIN")
        self._connection.execute(f"LOCK TABLE {self._schema}.t IN ACCESS EXCLUSIVE MODE")
        return Case(self._load("rows.csv"), mend=self._connection.rollback, begun=self._somebody_waits)

    progress = slow

    def large(self) -> Case:
        """It would give a table the most columns that one can have, each with the longest name when written as JSON."""
        self._make_table()
        names = [f"{number:04}" + "\x01" * 59 for number in range(1600)]
        (self.folder / "wide.csv").write_text(f"{','.join(names)}\n1{',' * (len(names) - 1)}\n")
        return Case(self._load("wide.csv"), holds=lambda result: self._columns() == ["n"])

    def secret(self, value: str) -> list[Case]:
        """A password that the database's driver, the child and its errors have."""
        addresses = (_NOBODY, "postgresql://{password}@h", "{password}", "postgresql://me:{password}@[/x")
        return [
            Case(
                self._load("rows.csv", url_secret="warehouse"),
                secrets={"warehouse": address.format(password=quote(value, safe="") if at == 0 else value)},
            )
            for at, address in enumerate(addresses)
        ]

    def _make_table(self) -> None:
        self._connection.execute(f"CREATE SCHEMA {self._schema}")
        self._connection.execute(f"CREATE TABLE {self._schema}.t (n bigint)")

    def _columns(self) -> list[str]:
        return [
            row[0]
            for row in self._connection.execute(
                "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0", [f"{self._schema}.t"]
            )
        ]

    def _load(self, file: str, **destination: Any) -> dict[str, Any]:
        where = destination or {"database": "default"}
        return {
            "source": {"path": str(self.folder / file)},
            "destination": {"postgresql": {**where, "schema": self._schema, "table": "t"}},
            "write": "replace",
        }

    def _somebody_waits(self) -> bool:
        with psycopg.connect(own(connections["default"].settings_dict, allowed=True)) as looking:
            row = looking.execute(
                "SELECT count(*) FROM pg_locks JOIN pg_class ON pg_class.oid = relation"
                " JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE nspname = %s AND NOT granted",
                [self._schema],
            ).fetchone()
        return row is not None and row[0] > 0


def _url() -> str:
    known = connections["default"].settings_dict
    user, password, host, name = (quote(str(known[part]), safe="") for part in ("USER", "PASSWORD", "HOST", "NAME"))
    port = f":{known['PORT']}" if known["PORT"] else ""
    return f"postgresql://{user}:{password}@{host}{port}/{name}"
