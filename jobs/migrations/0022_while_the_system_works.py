"""How runs ended, filled in batch by batch; the indexes of runs and log lines, built while the system works; defaults for processes that know less.

A database that had 0019 when its column was generated keeps what it has: the column becomes a plain one, without a look at the rows.
"""

from django.db import migrations, models

from jobs.concurrent_index import BuildIndex

_PLAIN = "ALTER TABLE jobs_run ALTER COLUMN outcome DROP EXPRESSION IF EXISTS"
_FILL = """
    UPDATE jobs_run SET outcome = state
    WHERE id = ANY (ARRAY(SELECT id FROM jobs_run WHERE ended_at IS NOT NULL AND outcome IS NULL ORDER BY id LIMIT 5000 FOR UPDATE SKIP LOCKED))
"""


def fill(apps, schema_editor):
    """Each batch is a transaction of its own. What is locked is left to the sweeps (jobs/services/rolling.py)."""
    with schema_editor.connection.cursor() as cursor:
        while True:
            cursor.execute(_FILL)
            if not cursor.rowcount:
                return


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('jobs', '0021_run_filters'),
    ]

    operations = [
        migrations.RunSQL(_PLAIN, migrations.RunSQL.noop),
        BuildIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('ended_at__isnull', False), ('outcome__isnull', True)), fields=['id'], name='run_without_outcome'),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop, atomic=False),
        BuildIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('outcome__isnull', False)), fields=['workspace', 'outcome', '-id'], name='run_by_outcome'),
        ),
        BuildIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('ended_at__isnull', False)), fields=['ended_at'], name='run_ended'),
        ),
        BuildIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('job__isnull', True)), fields=['workspace', 'job_key', '-id'], name='run_of_deleted_job'),
        ),
        BuildIndex(
            model_name='logline',
            index=models.Index(fields=['run', 'position', 'id'], name='log_line_of_payload'),
        ),
        migrations.AlterField(
            model_name='bulkaction',
            name='options',
            field=models.JSONField(db_default=models.Value({}, models.JSONField()), default=dict, help_text='What else was asked for, such as parameters.'),
        ),
        migrations.AlterField(
            model_name='bulkaction',
            name='problems',
            field=models.JSONField(db_default=models.Value([], models.JSONField()), default=list, help_text='Why something could not be done: id and detail of the first 100.'),
        ),
        migrations.AlterField(
            model_name='bulkaction',
            name='targets',
            field=models.JSONField(db_default=models.Value([], models.JSONField()), default=list, help_text='Their ids in order; empty for a termination, whose filter says it.'),
        ),
    ]
