"""Room on the page, so that the updates of the hot tables stay HOT (see the models' docstrings and docs/adr/0002-lanes.md)."""

from django.db import migrations

FILLFACTORS = {"jobs_payload": 45, "jobs_run": 50, "jobs_lane": 50, "jobs_requeued": 70}


def _set(table: str, fillfactor: int) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"ALTER TABLE {table} SET (fillfactor = {fillfactor})", f"ALTER TABLE {table} RESET (fillfactor)"
    )


class Migration(migrations.Migration):
    dependencies = [("jobs", "0001_initial")]
    operations = [_set(table, fillfactor) for table, fillfactor in FILLFACTORS.items()]
