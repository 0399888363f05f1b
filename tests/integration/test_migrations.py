"""Migrations leave those who work alone: no big table is locked while it is read or written anew, and the processes of the version
before, which know nothing of a new column, go on writing."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations import AddField, CreateModel, Migration
from django.db.migrations.loader import MigrationLoader

from jobs.claims.totals import fill_outcome
from jobs.models import Run, Workspace
from tests.integration.people import make_job
from tests.integration.run_rows import make_ended_run

BIG = frozenset(
    {
        "jobs_attempt",
        "jobs_audit_entry",
        "jobs_event",
        "jobs_log_line",
        "jobs_payload",
        "jobs_run",
        "jobs_run_totals",
        "scheduler_ending",
        "scheduler_fire",
        "sinks_delivery",
        "sinks_failed_delivery",
        "sinks_handover",
        "sinks_notice",
    }
)
"""Tables that grow with the history."""
FROM = {"jobs": 15, "scheduler": 3, "sinks": 6}
"""The first migrations that this is asked of: the ones before made what there is, and were never applied to anything big."""

_INDEX = re.compile(r'CREATE (?:UNIQUE )?INDEX (?!CONCURRENTLY).*? ON "?(\w+)"?')
_ALTER = re.compile(r'ALTER TABLE (?:ONLY )?"?(\w+)"? (.*)', re.DOTALL)
_SLOW = {
    r"ADD COLUMN .*GENERATED .*STORED": "writes the table anew",
    r"ADD COLUMN (?!.* DEFAULT ).*NOT NULL": "refuses the rows that there are",
    r"ALTER COLUMN .* TYPE ": "writes the table anew",
    r"ALTER COLUMN .* SET NOT NULL": "reads the table",
    r"ADD CONSTRAINT (?!.*NOT VALID)": "reads the table",
}


def refused(statements: str) -> list[str]:
    """What in the SQL of a migration would lock a big table for long."""
    new = set(re.findall(r'CREATE TABLE "(\w+)"', statements))
    found = []
    for statement in statements.split(";\n"):
        lines = " ".join(line for line in statement.splitlines() if not line.startswith("--"))
        found += [f"locks {table}: {lines}" for table in _INDEX.findall(lines) if table in BIG - new]
        for table, rest in _ALTER.findall(lines):
            slow = [why for pattern, why in _SLOW.items() if re.search(pattern, rest)]
            found += [f"{why}: {lines}" for why in slow if table in BIG - new]
    return found


def migrations() -> Iterator[Migration]:
    """Those that this is asked of."""
    for (app, name), migration in sorted(MigrationLoader(None).disk_migrations.items()):
        if int(name[:4]) >= FROM.get(app, 10_000):
            yield migration


@pytest.mark.django_db(transaction=True)
class TestBigTables:
    @pytest.mark.parametrize("migration", [pytest.param(each, id=str(each)) for each in migrations()])
    def test_a_migration_locks_none_for_long(self, migration: Migration) -> None:
        written = io.StringIO()
        call_command("sqlmigrate", migration.app_label, migration.name, stdout=written, no_color=True)
        assert refused(written.getvalue()) == []


class TestRefused:
    @pytest.mark.parametrize(
        "statement",
        [
            'CREATE INDEX "a" ON "jobs_run" ("x")',
            'CREATE UNIQUE INDEX "a" ON "jobs_event" ("x") WHERE x',
            'ALTER TABLE "jobs_run" ADD COLUMN "o" varchar(10) GENERATED ALWAYS AS (state) STORED',
            'ALTER TABLE "sinks_delivery" ADD COLUMN "o" integer NOT NULL',
            'ALTER TABLE "jobs_run" ADD CONSTRAINT "c" CHECK (x > 0)',
            'ALTER TABLE "jobs_run" ALTER COLUMN "x" TYPE bigint USING "x"::bigint',
        ],
    )
    def test_what_locks_a_big_table_is(self, statement: str) -> None:
        assert len(refused(f"BEGIN;\n--\n-- Something\n--\n{statement};\nCOMMIT;\n")) == 1

    @pytest.mark.parametrize(
        "statement",
        [
            'CREATE INDEX CONCURRENTLY "a" ON "jobs_run" ("x")',
            'CREATE INDEX "a" ON "jobs_job" ("x")',
            'ALTER TABLE "jobs_run" ADD COLUMN "o" varchar(10) NULL',
            'ALTER TABLE "jobs_run" ADD COLUMN "o" integer DEFAULT 0 NOT NULL',
            'ALTER TABLE "jobs_run" ADD CONSTRAINT "c" CHECK (x > 0) NOT VALID',
            'CREATE TABLE "jobs_event" ("id" bigint);\nCREATE INDEX "a" ON "jobs_event" ("id")',
        ],
    )
    def test_what_does_not_is_allowed(self, statement: str) -> None:
        assert refused(f"{statement};\n") == []


@pytest.mark.django_db
class TestNewColumns:
    def test_who_does_not_know_one_can_leave_it_out(self) -> None:
        """Columns of tables that are as new are left out: nobody of the version before writes there."""
        for table, column in _added_columns():
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT is_nullable = 'YES' OR column_default IS NOT NULL FROM information_schema.columns"
                    " WHERE table_name = %s AND column_name = %s",
                    [table, column],
                )
                row = cursor.fetchone()
            assert row is None or row[0], f"{table}.{column} is NOT NULL and has no default in the database"

    def test_a_bulk_action_of_before_is_taken(self, workspace: Workspace) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO jobs_bulk_action (workspace_id, action, selection, note, actor, cursor, upto, total, changed,"
                " unchanged) VALUES (%s, 'terminate', '{}', '', '', 0, 0, 0, 0, 0) RETURNING targets, options, problems",
                [workspace.pk],
            )
            assert cursor.fetchone() == ("[]", "{}", "[]")


def _added_columns() -> Iterator[tuple[str, str]]:
    found = list(migrations())
    new = {
        (each.app_label, operation.name_lower)
        for each in found
        for operation in each.operations
        if isinstance(operation, CreateModel)
    }
    state = MigrationLoader(None).project_state()
    for each in found:
        for operation in each.operations:
            key = (each.app_label, getattr(operation, "model_name_lower", ""))
            if isinstance(operation, AddField) and key not in new:
                model = state.apps.get_model(*key)
                yield model._meta.db_table, model._meta.get_field(operation.name).column


_AS_IT_WAS = """
    DROP INDEX run_without_outcome, run_of_deleted_job, run_by_outcome;
    ALTER TABLE jobs_run DROP COLUMN outcome;
    ALTER TABLE jobs_run ADD COLUMN outcome varchar(10)
        GENERATED ALWAYS AS (CASE WHEN ended_at IS NOT NULL THEN state ELSE NULL END) STORED;
    CREATE INDEX run_by_outcome ON jobs_run (workspace_id, outcome, id DESC) WHERE outcome IS NOT NULL;
    ALTER TABLE jobs_bulk_action ALTER options DROP DEFAULT, ALTER problems DROP DEFAULT, ALTER targets DROP DEFAULT
"""
_BROKEN_OFF = """
    CREATE INDEX run_of_deleted_job ON jobs_run (id);
    UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'run_of_deleted_job'::regclass
"""
_INDEXES = "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'jobs_run' ORDER BY 1"
_COLUMNS = """
    SELECT column_name, column_default, is_nullable, is_generated, character_maximum_length FROM information_schema.columns
    WHERE table_name IN ('jobs_run', 'jobs_bulk_action') ORDER BY table_name, column_name
"""


@pytest.mark.django_db(transaction=True)
class TestHealing:
    @pytest.mark.parametrize("broken_off", [False, True])
    def test_a_database_with_the_older_form_comes_to_the_same(self, workspace: Workspace, broken_off: bool) -> None:
        before = _schema()
        _execute(_AS_IT_WAS + (f"; {_BROKEN_OFF}" if broken_off else ""))
        ended, active = _a_run_of_each(workspace)
        _apply_0022()
        assert _schema() == before
        assert not _rows("SELECT 1 FROM pg_index WHERE NOT indisvalid")
        assert _outcomes() == {ended: "failed", active: None}

    def test_runs_that_ended_before_are_filled_in(self, workspace: Workspace) -> None:
        make_ended_run(make_job(workspace), "s")
        ended, active = _a_run_of_each(workspace)
        _execute("UPDATE jobs_run SET outcome = NULL")
        _apply_0022()
        assert _outcomes()[ended] == "failed"
        assert _outcomes()[active] is None
        assert len(_outcomes()) == 3

    def test_what_a_process_of_before_closed_afterwards_is_filled_in_by_a_sweep(self, workspace: Workspace) -> None:
        ended, active = _a_run_of_each(workspace)
        _execute("UPDATE jobs_run SET outcome = NULL")
        with connection.cursor() as cursor:
            fill_outcome(cursor, limit=10)
        assert _outcomes() == {ended: "failed", active: None}


def _a_run_of_each(workspace: Workspace) -> tuple[int, int]:
    """One that failed, and one that goes on; written in SQL alone, for their model may know another column than the table has."""
    job = make_job(workspace, "task:pong")
    columns = (
        "workspace_id, job_id, job_key, state, trigger, actor, comment, parameters, snapshot, queue, strict, max_lanes, priority,"
        " total, next_position, succeeded, failed, cancelled, nudges, created_at, ended_at, wake_at"
    )
    values = (
        f"{workspace.pk}, {job.pk}, 'task:pong', %s, 'manual', '', '', '{{}}', '{{}}', 'default', true, 5, 0, 1, 1, 0, %s, 0, 0,"
        " now(), %s::timestamptz, %s::timestamptz"
    )
    with connection.cursor() as cursor:
        ids = []
        for state, failed, ended_at, wake_at in [("failed", 1, "now", None), ("running", 0, None, "now")]:
            cursor.execute(
                f"INSERT INTO jobs_run ({columns}) VALUES ({values}) RETURNING id", [state, failed, ended_at, wake_at]
            )
            ids.append(cursor.fetchone()[0])
    return ids[0], ids[1]


def _apply_0022() -> None:
    loader = MigrationLoader(connection)
    state = loader.project_state(("jobs", "0021_run_filters"))
    migration = loader.get_migration("jobs", "0022_while_the_system_works")
    with connection.schema_editor(atomic=False) as editor:
        migration.apply(state, editor)


def _schema() -> list[list[tuple[object, ...]]]:
    return [_rows(_INDEXES), _rows(_COLUMNS)]


def _outcomes() -> dict[int, str | None]:
    return dict(Run.objects.values_list("pk", "outcome"))


def _rows(query: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())


def _execute(statements: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statements)
