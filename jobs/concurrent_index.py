"""Indexes of tables that may be big: built while the system works, and built again where a build was broken off."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import ProjectState

_VALID = "SELECT i.indisvalid FROM pg_index AS i WHERE i.indexrelid = to_regclass(%s)"


class BuildIndex(AddIndexConcurrently):
    """As AddIndexConcurrently, in a migration that is not atomic; may be repeated.

    A build that is broken off leaves an index behind that nobody may use, and everybody pays for: it is removed first. One that is
    there and whole is left as it is, for the database may have it of an older form of the same migration.
    """

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Build it, unless it is there."""
        valid = None if schema_editor.collect_sql else _is_valid(schema_editor, self.index.name)
        if valid:
            return
        if valid is not None:
            schema_editor.execute(f"DROP INDEX CONCURRENTLY {schema_editor.quote_name(self.index.name)}")
        super().database_forwards(app_label, schema_editor, from_state, to_state)


def _is_valid(schema_editor: BaseDatabaseSchemaEditor, name: str) -> Any:
    """None when there is no such index."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(_VALID, [schema_editor.quote_name(name)])
        row = cursor.fetchone()
    return None if row is None else row[0]
