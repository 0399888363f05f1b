"""The sql kind: a table of PostgreSQL, behind a port of loopback."""

from __future__ import annotations

import uuid
from contextlib import ExitStack
from typing import Any, Self
from urllib.parse import quote

import psycopg
from django.db import connections

from tests.free_ports import free_ports
from tests.integration.sinks.encrypting import Encrypting
from tests.integration.sinks.relay import Address, Relay
from tests.sinks_conformance.adapter import Adapter, Case, Held

_FAILING = """
CREATE OR REPLACE FUNCTION {schema}.fail() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION USING MESSAGE = {words}, ERRCODE = TG_ARGV[0]; END $$;
CREATE TRIGGER fail BEFORE INSERT ON {schema}.{table} FOR EACH STATEMENT EXECUTE FUNCTION {schema}.fail({code})
"""
_TABLE = (
    "CREATE TABLE {schema}.{table} (delivery_id text, position bigint, n text, PRIMARY KEY (delivery_id, position))"
)
_FOR_A_WHILE = "53200"  # out_of_memory, which psycopg calls operational


class SqlAdapter(Adapter):
    """A schema of its own in the tests' database."""

    kind = "sql"

    def __enter__(self) -> Self:
        self._open = ExitStack()
        server = connections["default"].settings_dict
        host, port = str(server["HOST"]), int(server["PORT"] or 5432)
        address: Address = f"{host}/.s.PGSQL.{port}" if host.startswith("/") else (host, port)
        self.relay = self._open.enter_context(Relay(address))
        self.database = str(server["NAME"])
        self.user, self.password = str(server["USER"]), str(server["PASSWORD"])
        self.schema = f"conformance_{uuid.uuid4().hex[:8]}"
        own = psycopg.connect(self.url(), autocommit=True)
        self.own: psycopg.Connection[Any] = self._open.enter_context(own)
        self.own.execute(f"CREATE SCHEMA {self.schema}")
        self._open.callback(self.own.execute, f"DROP SCHEMA {self.schema} CASCADE")
        return self

    def __exit__(self, *_: object) -> None:
        self.relay.pass_everything()
        self._open.close()

    @property
    def port(self) -> int:
        """Where the database is."""
        return self.relay.port

    def url(self, *, port: int = 0, user: str = "", password: str = "") -> str:
        """Of the tests' database."""
        login = ":".join(quote(each, safe="") for each in (user or self.user, password or self.password) if each)
        return f"postgresql://{login}@127.0.0.1:{port or self.port}/{self.database}"

    def case(self, *, url: str = "", **said: Any) -> Case:
        """A sink into the table ``t``, which it makes."""
        configuration = {"url_secret": "url", "table": "t", "schema": self.schema, "columns": {"n": "result.n"}, **said}
        return Case(configuration, secrets={"url": url or self.url()})

    def held(self) -> list[Held]:
        """The rows of a delivery are a parcel."""
        if not self.own.execute("SELECT to_regclass(%s)", [f"{self.schema}.t"]).fetchone()[0]:  # type: ignore[index]
            return []
        rows = self.own.execute(
            f"SELECT delivery_id, array_agg(position ORDER BY position) FROM {self.schema}.t GROUP BY delivery_id ORDER BY 2"
        )
        return [Held(tuple(positions), id) for id, positions in rows]

    def good(self) -> Case:
        """The database takes everything."""
        return self.case()

    def transient(self) -> Case:
        """It has no memory left, it says."""
        self._make("t", failing=("'later, please'", _FOR_A_WHILE))
        return self.case().but(mend=lambda: self.own.execute(f"DROP TRIGGER fail ON {self.schema}.t"))

    def permanent(self) -> Case:
        """A constraint is against it."""
        self._make("t")
        self.own.execute(f"ALTER TABLE {self.schema}.t ADD CHECK (n = 'something else')")
        return self.case()

    def hanging(self) -> Case:
        """The rows never arrive."""
        self.relay.stop_at = b"INSERT INTO"
        return self.case().but(mend=self.relay.pass_everything, begun=self.relay.stopped.is_set)

    def unreachable(self) -> Case:
        """Nobody listens."""
        return self.case(url=self.url(port=free_ports(1)[0])).but(says="Connection refused")

    def secret(self, value: str) -> list[Case]:
        """Tables that say the password in all errors, a password that is wrong, and an URL that is none."""
        role = f"conformance_{uuid.uuid4().hex[:8]}"
        self.own.execute(f"CREATE ROLE {role} LOGIN SUPERUSER PASSWORD {_literal(value)}")
        self._open.callback(self.own.execute, f"DROP ROLE {role}")
        words = _literal(value * 60)
        self._make("passing", failing=(words, _FOR_A_WHILE))
        self._make("staying", failing=(words, "P0001"))
        known = self.url(user=role, password=value)
        return [
            *(self.case(url=known, table=table) for table in ("passing", "staying")),
            self.case(url=self.url(password=value)),
            self.case(url=value),
        ]

    def _make(self, table: str, *, failing: tuple[str, str] | None = None) -> None:
        self.own.execute(_TABLE.format(schema=self.schema, table=table))
        if failing:
            words, code = failing
            self.own.execute(_FAILING.format(schema=self.schema, table=table, words=words, code=_literal(code)))


class EncryptedSqlAdapter(SqlAdapter):
    """The same behind TLS, with a certificate of an authority of our own."""

    variant = "private-ca"
    encrypting: Encrypting | None = None

    def __enter__(self) -> Self:
        super().__enter__()
        before = Encrypting(("127.0.0.1", self.relay.port), context=self.servers.identity.context, postgresql=True)
        self.encrypting = self._open.enter_context(before)
        return self

    @property
    def port(self) -> int:
        """Where it is encrypted."""
        return self.encrypting.port if self.encrypting else super().port

    def case(self, *, url: str = "", **said: Any) -> Case:
        """A sink that trusts this authority."""
        case = super().case(url=url, **{"ca_secret": "ca", **said})
        return case.but(secrets={**case.secrets, "ca": self.servers.identity.pem})

    def unreachable(self) -> Case:
        """Nobody trusts the certificate."""
        url = f"{self.url()}?sslmode=verify-full&sslrootcert=system"
        return self.case(url=url, ca_secret=None).but(says="certificate verify failed")


def _literal(text: str) -> str:
    escaped = text.replace("'", "''")
    return f"'{escaped}'"
