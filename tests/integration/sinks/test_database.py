"""Sinks of kind ``sql``, with PostgreSQL behind a port on loopback, and with SQLite files."""

from __future__ import annotations

import ipaddress
import socketserver
import sqlite3
import threading
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
import sqlalchemy
from cryptography import x509
from django.db import connections

from jobs.errors import PermanentError, TransientError
from sinks.base import OpenSink
from sinks.database import KIND
from sinks.documents import configuration_errors
from sinks.models import Delivery
from tests.integration.http_payload.identities import Identity, make_identity
from tests.integration.sinks.encrypting import Encrypting
from tests.integration.sinks.handmade import notices, parcel, record, results
from tests.integration.sinks.pages import deliver_example, example
from tests.integration.sinks.relay import Relay
from tests.integration.sinks.surroundings import let_every_name_lead_here, surroundings


@pytest.fixture
def relay(db: None) -> Iterator[Relay]:
    server = connections["default"].settings_dict
    host, port = str(server["HOST"]), int(server["PORT"] or 5432)
    with Relay(f"{host}/.s.PGSQL.{port}" if host.startswith("/") else (host, port)) as made:
        yield made


@pytest.fixture
def url(relay: Relay) -> str:
    server = connections["default"].settings_dict
    user = ":".join(quote(str(part), safe="") for part in (server["USER"], server["PASSWORD"]) if part)
    return f"postgresql://{user}@127.0.0.1:{relay.port}/{server['NAME']}"


@pytest.fixture
def schema(url: str) -> Iterator[str]:
    name = f"sink_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(url) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
    yield name
    with psycopg.connect(url) as connection:
        connection.execute(f"DROP SCHEMA {name} CASCADE")


class Table:
    """A sink into the table ``t`` of a schema, and what is in it."""

    def __init__(self, url: str, schema: str) -> None:
        self.url, self.schema = url, schema
        self.opened: list[OpenSink] = []

    def sink(self, *, CA: str = "none", **configuration: Any) -> OpenSink:  # noqa: N803 - a secret's name
        said = {"url_secret": "WAREHOUSE", "table": "t", "schema": self.schema, **configuration}
        made = KIND.open(KIND.configuration.model_validate(said), surroundings(WAREHOUSE=self.url, CA=CA))
        self.opened.append(made)
        return made

    def do(self, statement: str) -> None:
        with psycopg.connect(self.url) as connection:
            connection.execute(f"SET search_path TO {self.schema}")
            connection.execute(statement)

    def rows(self, columns: str = "*") -> Sequence[Any]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(f"SELECT {columns} FROM {self.schema}.t ORDER BY 1, 2").fetchall()


@pytest.fixture
def table(url: str, schema: str) -> Iterator[Table]:
    made = Table(url, schema)
    yield made
    for sink in made.opened:
        sink.close()


@contextmanager
def curious(*, tls: bytes = b"N") -> Iterator[tuple[int, list[bytes]]]:
    """A server of PostgreSQL's protocol that asks for a password in the clear: its port, and what it was told."""
    heard: list[bytes] = []

    class Asking(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            said = self.request.recv(4096)
            if said[4:8] == bytes.fromhex("04d2162f"):  # SSLRequest
                self.request.sendall(tls)
                if tls == b"S":
                    return
                self.request.recv(4096)
            self.request.sendall(b"R" + (8).to_bytes(4) + (3).to_bytes(4))  # AuthenticationCleartextPassword
            with suppress(ConnectionResetError):
                heard.append(self.request.recv(4096))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Asking) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.server_address[1], heard
        finally:
            server.shutdown()
            thread.join()


class TestATableThatIsNotThere:
    def test_it_is_made_of_the_columns_with_their_types(self, table: Table) -> None:
        columns = {
            "id": {"path": "result.id", "type": "integer"},
            "city": "result.city",
            "at": {"path": "ended_at", "type": "timestamp"},
            "rest": {"path": "result", "type": "json"},
        }
        sink = table.sink(columns=columns, key=["id"])
        receipt = sink.deliver(parcel(*results({"id": 4, "city": "Oslo"}, {"id": 5})))
        assert receipt.details == {"table": f"{table.schema}.t", "rows": 2}
        assert table.rows("id, city, at = '2026-11-21 12:00:04+00', rest->>'city'") == [
            (4, "Oslo", True, "Oslo"),
            (5, None, True, None),
        ]

    def test_without_columns_it_holds_the_record_itself(self, table: Table) -> None:
        table.sink().deliver(parcel(record(3, result={"a": 1}), record(4, state="failed", error={"code": "no"})))
        assert table.rows("delivery_id, position, run, job, name, state, result, error") == [
            ("dlv_1", 3, 7, "task:ping", "p3", "succeeded", {"a": 1}, None),
            ("dlv_1", 4, 7, "task:ping", "p4", "failed", None, {"code": "no"}),
        ]

    def test_a_notice_is_a_row_beside_results_or_by_its_own_fields(self, table: Table) -> None:
        table.sink().deliver(parcel(record()))
        table.sink().deliver(notices())
        assert table.rows("delivery_id, run, job, name, state") == [
            ("dlv_1", 7, "task:ping", "p0", "succeeded"),
            ("dlv_9", 7, "task:ping", "run.failed", "failed"),
        ]
        table.do("DROP TABLE t")
        table.sink(columns={"event": "event", "told": "text"}).deliver(notices())
        [(event, told)] = table.rows("event, told")
        assert (event, told.splitlines()[-1]) == ("run.failed", "Reason: no <table>")

    def test_it_is_not_made_when_the_sink_may_not(self, table: Table) -> None:
        with pytest.raises(PermanentError, match=rf"no table {table.schema}\.t"):
            table.sink(create=False).deliver(parcel(record()))

    def test_several_may_make_it_at_once(self, table: Table) -> None:
        sinks = [table.sink() for _ in range(4)]
        with ThreadPoolExecutor(4) as pool:
            made = [pool.submit(sink.deliver, parcel(record(), id=f"dlv_{at}")) for at, sink in enumerate(sinks)]
        assert [each.result().details["rows"] for each in made] == [1] * 4
        assert len(table.rows()) == 4


class TestASecondDelivery:
    def test_it_changes_nothing(self, table: Table) -> None:
        same = parcel(*results(1, 2, 3))
        table.sink().deliver(same)
        before = table.rows()
        table.sink().deliver(same)
        assert table.rows() == before
        assert len(before) == 3

    def test_another_delivery_adds_its_rows(self, table: Table) -> None:
        for id in ("dlv_1", "dlv_2"):
            table.sink().deliver(parcel(record(), id=id))
        assert [row[0] for row in table.rows("delivery_id, position")] == ["dlv_1", "dlv_2"]

    def test_with_a_key_of_ones_own_the_newest_wins(self, table: Table) -> None:
        sink = table.sink(columns=["id", "city"], key=["id"])
        sink.deliver(parcel(*results({"id": "a", "city": "Oslo"}, {"id": "a", "city": "Bergen"})))
        assert table.rows() == [("a", "Bergen")]
        sink.deliver(parcel(*results({"id": "a", "city": "Rome"}, {"id": "b"}), id="dlv_2"))
        assert table.rows() == [("a", "Rome"), ("b", None)]

    def test_an_older_runs_delivery_that_is_made_again_does_not_win(self, table: Table) -> None:
        whole = {"n": {"path": "result.n", "type": "integer"}, "run": {"path": "run", "type": "integer"}}
        columns = whole | {"said": "result.said"}
        sink = table.sink(columns=columns, key=["n"], newest_by="run")
        for run, said in ((9, "old"), (10, "new"), (9, "old again"), (10, "new again"), (9, "older")):
            sink.deliver(replace(parcel(*results({"n": 1, "said": said})), run_id=run))
        assert table.rows("n, said, run") == [(1, "new again", 10)]

    def test_a_row_without_an_age_is_the_oldest(self, table: Table) -> None:
        table.do("CREATE TABLE t (n int PRIMARY KEY, run int)")
        table.do("INSERT INTO t VALUES (1, NULL)")
        sink = table.sink(columns={"n": "result.n", "run": "run"}, key=["n"], newest_by="run")
        sink.deliver(parcel(*results({"n": 1})))
        assert table.rows("n, run") == [(1, 7)]

    def test_a_row_that_is_nothing_but_its_key_stays(self, table: Table) -> None:
        for _ in range(2):
            table.sink(columns=["id"], key=["id"]).deliver(parcel(*results({"id": "a"})))
        assert table.rows("id, 1") == [("a", 1)]


def test_large_rows_are_written_in_smaller_lots(table: Table) -> None:
    sink = table.sink(columns={"n": "result"})
    rows: list[int] = []

    @sqlalchemy.event.listens_for(sink._engine, "before_cursor_execute")  # type: ignore[attr-defined]
    def write(_connection: Any, _cursor: Any, statement: str, given: Any, _context: Any, _many: bool) -> None:
        if statement.startswith("INSERT"):
            rows.append(len(given) if isinstance(given, list) else 1)

    sink.deliver(parcel(*results(*["x" * 2**20] * 10)))
    assert rows == [4, 4, 2]


class TestAParcelThatFails:
    def test_none_of_its_rows_are_there(self, table: Table) -> None:
        sink = table.sink(columns={"n": {"path": "result", "type": "integer"}})
        wrong = parcel(*results(*range(600), "many"))
        with pytest.raises(PermanentError, match='payload 600: the column n cannot take "many"'):
            sink.deliver(wrong)
        assert table.rows() == []

    def test_a_connection_that_is_lost_may_come_back(self, table: Table, relay: Relay) -> None:
        sink = table.sink()
        sink.deliver(parcel(record()))
        relay.cut()
        with pytest.raises(TransientError):
            sink.deliver(parcel(record(), id="dlv_2"))
        sink.deliver(parcel(record(), id="dlv_2"))
        assert len(table.rows()) == 2

    def test_the_message_does_not_hold_the_row(self, table: Table) -> None:
        table.do("CREATE TABLE t (id text PRIMARY KEY, city text CHECK (city <> 'Oslo'))")
        with pytest.raises(PermanentError, match="check constraint") as refused:
            table.sink(columns=["id", "city"], key=["id"]).deliver(
                parcel(*results({"id": "tell-no-one", "city": "Oslo"}))
            )
        assert "tell-no-one" not in str(refused.value)

    def test_an_empty_key_is_refused(self, table: Table) -> None:
        with pytest.raises(PermanentError, match="payload 0: the key id is empty"):
            table.sink(columns=["id"], key=["id"]).deliver(parcel(*results({})))


class TestATableThatIsThere:
    def test_values_become_what_its_columns_take(self, table: Table) -> None:
        table.do(
            "CREATE TABLE t (id uuid PRIMARY KEY, day date, price numeric(9,2), "
            "whole jsonb, tags text[], words varchar, rest int DEFAULT 9)"
        )
        id = uuid.UUID(int=7)
        said = {"id": str(id), "day": "2026-11-22", "price": 1.1, "whole": [1], "tags": ["a"], "words": {"a": 1}}
        table.sink(columns=list(said), key=["id"]).deliver(parcel(*results(said)))
        [row] = table.rows("id, day::text, price::text, whole, tags, words, rest")
        assert row == (id, "2026-11-22", "1.10", [1], ["a"], '{"a": 1}', 9)

    def test_whole_numbers_of_64_bits_arrive_as_they_are(self, table: Table) -> None:
        table.do("CREATE TABLE t (id bigint PRIMARY KEY, twin bigint)")
        sink = table.sink(columns=["id", "twin"], key=["id"])
        largest = 2**63 - 1
        sink.deliver(parcel(*results({"id": 2**53 + 1, "twin": str(2**53 + 1)}, {"id": largest, "twin": 3.0})))
        assert table.rows() == [(2**53 + 1, 2**53 + 1), (largest, 3)]
        for wrong in (0.5, "0.5", True):
            with pytest.raises(PermanentError, match="the column id cannot take"):
                sink.deliver(parcel(*results({"id": wrong})))

    def test_one_that_lacks_a_column_is_refused(self, table: Table) -> None:
        table.do("CREATE TABLE t (id text PRIMARY KEY)")
        with pytest.raises(PermanentError, match="has no column city"):
            table.sink(columns=["id", "city"], key=["id"]).deliver(parcel(record()))

    def test_one_that_does_not_keep_the_key_unique_is_refused(self, table: Table) -> None:
        table.do("CREATE TABLE t (id text, city text)")
        sink = table.sink(columns=["id", "city"], key=["id"])
        for tried in (lambda: sink.deliver(parcel(record())), sink.check):
            with pytest.raises(PermanentError, match="nothing keeps id unique"):
                tried()
        table.do("CREATE UNIQUE INDEX ON t (id)")
        sink.deliver(parcel(*results({"id": "a"})))
        assert table.rows() == [("a", None)]


class TestWhereItMayGo:
    def test_it_connects_to_the_address_that_was_looked_at(self, table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
        let_every_name_lead_here(monkeypatch)
        here, table.url = table.url, table.url.replace("127.0.0.1", "service.invalid")
        table.sink().deliver(parcel(record()))
        table.url = here
        assert len(table.rows()) == 1

    def test_a_host_that_is_not_allowed_is_refused(self, table: Table, settings: Any) -> None:
        settings.JOBS_EGRESS_ALLOW = ()
        with pytest.raises(PermanentError, match="JOBS_EGRESS_ALLOW"):
            table.sink()

    @pytest.mark.parametrize(
        "tail",
        ["?host=10.0.0.1", "?hostaddr=10.0.0.1", "?service=x", "?sslkey=/etc/passwd", "?sslrootcert=/etc/passwd"],
    )
    def test_options_that_lead_elsewhere_are_refused(self, table: Table, tail: str) -> None:
        table.url += tail
        with pytest.raises(PermanentError, match="is not open to sinks"):
            table.sink()

    @pytest.mark.parametrize("other", ["postgresql:///db", "mysql://host/db", "nothing"])
    def test_no_socket_and_no_other_database(self, table: Table, other: str) -> None:
        table.url = other
        with pytest.raises(PermanentError, match="url_secret"):
            table.sink()

    def test_a_file_must_lie_below_the_open_folders(self, table: Table, settings: Any, tmp_path: Path) -> None:
        settings.JOBS_FILE_ROOTS = [tmp_path / "open"]
        table.url = f"sqlite:///{tmp_path}/elsewhere.db"
        with pytest.raises(PermanentError, match="JOBS_FILE_ROOTS"):
            table.sink()

    def test_the_password_is_hidden(self, db: None) -> None:
        around = surroundings(WAREHOUSE="postgresql://me:pass%20word%207@127.0.0.1/db")
        KIND.open(KIND.configuration.model_validate({"url_secret": "WAREHOUSE", "table": "t"}), around).close()
        assert "pass word 7" not in str(around.clean({"said": "no way with pass word 7"}))


class TestAuthoritiesOfOnesOwn:
    @pytest.fixture
    def identity(self, tmp_path: Path) -> Identity:
        return make_identity(tmp_path, x509.IPAddress(ipaddress.ip_address("127.0.0.1")))

    @pytest.fixture
    def encrypted(self, table: Table, relay: Relay, identity: Identity) -> Iterator[Table]:
        with Encrypting(("127.0.0.1", relay.port), context=identity.context, postgresql=True) as before:
            table.url = table.url.replace(f":{relay.port}/", f":{before.port}/")
            yield table

    def test_a_certificate_of_theirs_is_taken_and_their_file_goes_with_the_sink(
        self, encrypted: Table, identity: Identity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        sink = encrypted.sink(CA=identity.pem, ca_secret="CA")
        sink.deliver(parcel(*results(1)))
        assert [path.stat().st_mode & 0o077 for path in tmp_path.glob("tmp*.pem")] == [0]
        sink.close()
        assert not list(tmp_path.glob("tmp*.pem"))

    def test_another_is_not(self, encrypted: Table, tmp_path: Path) -> None:
        (tmp_path / "other").mkdir()
        other = make_identity(tmp_path / "other", x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
        with pytest.raises(TransientError, match="certificate verify failed"):
            encrypted.sink(CA=other.pem, ca_secret="CA").check()

    def test_nor_one_of_another_name(self, table: Table, relay: Relay, tmp_path: Path) -> None:
        identity = make_identity(tmp_path, x509.DNSName("elsewhere.example.com"))
        with Encrypting(("127.0.0.1", relay.port), context=identity.context, postgresql=True) as before:
            table.url = table.url.replace(f":{relay.port}/", f":{before.port}/")
            with pytest.raises(TransientError, match="does not match host name"):
                table.sink(CA=identity.pem, ca_secret="CA").check()
            table.url += "?sslmode=verify-ca"
            assert table.sink(CA=identity.pem, ca_secret="CA").check()

    def test_a_server_without_tls_is_not_talked_to(self, table: Table, identity: Identity) -> None:
        with pytest.raises(TransientError, match="does not support SSL"):
            table.sink(CA=identity.pem, ca_secret="CA").check()

    @pytest.mark.parametrize("option", ["sslmode=require", "sslmode=disable", "sslmode=verify-full&sslrootcert=system"])
    def test_the_url_cannot_say_otherwise(self, table: Table, identity: Identity, option: str) -> None:
        table.url += f"?{option}"
        with pytest.raises(PermanentError, match="verify-full or verify-ca"):
            table.sink(CA=identity.pem, ca_secret="CA")

    def test_what_is_no_certificate_is_told(self, table: Table) -> None:
        with pytest.raises(PermanentError, match="no certificates as PEM"):
            table.sink(CA="nothing", ca_secret="CA")

    def test_a_file_has_none(self, table: Table, identity: Identity) -> None:
        table.url = "sqlite:///a.db"
        with pytest.raises(PermanentError, match="ca_secret belongs to a server"):
            table.sink(CA=identity.pem, ca_secret="CA")


class TestTheWorkersOwnCredentials:
    """Of PostgreSQL's client; a deployment may have them in its environment or in its home folder for its own database."""

    @pytest.mark.parametrize("place", ["environment", "file"])
    def test_its_password_is_sent_to_nobody(
        self, db: None, table: Table, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: str
    ) -> None:
        file = tmp_path / "pgpass"
        file.write_text("*:*:*:*:of-the-worker\n")
        file.chmod(0o600)
        monkeypatch.setenv(*{"environment": ("PGPASSWORD", "of-the-worker"), "file": ("PGPASSFILE", str(file))}[place])
        with curious() as (port, heard):
            table.url = f"postgresql://me@127.0.0.1:{port}/db?sslmode=disable"
            with pytest.raises(TransientError, match="no password supplied"):
                table.sink().check()
        assert b"of-the-worker" not in b"".join(heard)

    @pytest.mark.parametrize("place", ["environment", "home"])
    def test_its_certificate_is_not_read(
        self, db: None, table: Table, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: str
    ) -> None:
        (tmp_path / ".postgresql").mkdir()
        (tmp_path / ".postgresql/postgresql.crt").write_text("which libpq would complain about")
        monkeypatch.setenv("HOME", str(tmp_path))
        if place == "environment":
            monkeypatch.setenv("PGSSLCERT", str(tmp_path / ".postgresql/postgresql.crt"))
        with curious(tls=b"S") as (port, _):
            table.url = f"postgresql://me@127.0.0.1:{port}/db?sslmode=require"
            with pytest.raises(TransientError) as caught:
                table.sink().check()
        assert "certificate file" not in str(caught.value)


class TestSqlite:
    def test_rows_are_written_once(self, db: None, settings: Any, tmp_path: Path) -> None:
        settings.JOBS_FILE_ROOTS = [tmp_path]
        configuration = KIND.configuration.model_validate(
            {"url_secret": "FILE", "table": "t", "columns": {"n": "result"}}
        )
        sink = KIND.open(configuration, surroundings(FILE="sqlite:///a.db"))
        for _ in range(2):
            sink.deliver(parcel(*results(1, {"a": None})))
        assert sink.check()
        sink.close()
        with sqlite3.connect(tmp_path / "a.db") as connection:
            assert connection.execute("SELECT position, n FROM t").fetchall() == [(0, "1"), (1, '{"a": null}')]
        connection.close()


class TestChecking:
    def test_it_says_that_the_table_will_be_made_and_makes_none(self, table: Table) -> None:
        sink = table.sink()
        assert "will be made" in sink.check()
        assert "will be made" in sink.check()
        sink.deliver(parcel(record()))
        assert "has the columns" in sink.check()

    def test_a_database_that_does_not_answer(self, db: None, table: Table) -> None:
        with Relay("nowhere") as gone:
            table.url = table.url.replace(table.url.rpartition(":")[2].split("/")[0], str(gone.port))
        with pytest.raises(TransientError):
            table.sink().check()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"key": ["id"], "columns": ["city"]}, "'id' is none of the columns"),
        ({"columns": {"position": "position"}}, "position is added by the sink"),
        ({"columns": {"n": "result["}}, "is no JMESPath expression"),
        ({"newest_by": "run"}, "newest_by: expected a key of your own"),
        ({"newest_by": "id", "key": ["id"], "columns": ["id"]}, "a column that is no part of it"),
        ({"newest_by": "run", "key": ["id"], "columns": ["id"]}, "'run' is none of the columns"),
    ],
)
def test_what_is_wrong_is_told_when_it_is_saved(wrong: dict[str, Any], said: str) -> None:
    [error] = configuration_errors(kind="sql", configuration={"url_secret": "X", "table": "t", **wrong})
    assert said in error.message


def test_the_example_of_the_page(table: Table) -> None:
    document = example("sql")
    configuration = document["sinks"][0]["configuration"]
    configuration |= {"schema": table.schema, "table": "t"}
    surroundings(WAREHOUSE=table.url)
    deliver_example(document)
    assert table.rows("number, payload, whole") == [(0, "first", {"n": 0}), (1, "second", {"n": 1})]
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.receipt) == ("delivered", {"table": f"{table.schema}.t", "rows": 2})
