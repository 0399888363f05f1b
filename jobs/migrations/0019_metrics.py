"""Totals of ended runs; and how a run ended, in a column of its own."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0018_audit'),
    ]

    operations = [
        migrations.CreateModel(
            name='RollCursor',
            fields=[
                ('id', models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('rolled_until', models.DateTimeField(help_text='Runs that ended before this are in the totals, later ones are not.')),
                ('due_at', models.DateTimeField(help_text='When a sweep is to go on.')),
            ],
            options={
                'db_table': 'jobs_roll_cursor',
            },
        ),
        migrations.CreateModel(
            name='RunTotals',
            fields=[
                ('pk', models.CompositePrimaryKey('workspace', 'span', 'job_key', 'start', blank=True, editable=False, primary_key=True, serialize=False)),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='run_totals', to='jobs.workspace')),
                ('span', models.CharField(choices=[('hour', 'Hour'), ('day', 'Day')], max_length=4)),
                ('job_key', models.CharField(help_text='Empty for all jobs of the workspace.', max_length=150)),
                ('start', models.DateTimeField(help_text='Its runs ended from here on, and before the next hour or day.')),
                ('succeeded', models.IntegerField()),
                ('failed', models.IntegerField()),
                ('cancelled', models.IntegerField()),
                ('manual', models.IntegerField(help_text='How many of them were triggered by hand; so the next four.')),
                ('api', models.IntegerField()),
                ('schedule', models.IntegerField()),
                ('job', models.IntegerField()),
                ('rerun', models.IntegerField()),
                ('payloads_succeeded', models.BigIntegerField()),
                ('payloads_failed', models.BigIntegerField()),
                ('payloads_cancelled', models.BigIntegerField()),
                ('duration_ms', models.BigIntegerField(help_text='The sum of those that succeeded or failed, from start to end.')),
                ('duration_most_ms', models.BigIntegerField()),
                ('wait_ms', models.BigIntegerField(help_text='The sum of the same, from the trigger to the start.')),
                ('wait_most_ms', models.BigIntegerField()),
                ('late', models.IntegerField(help_text='How many of them a schedule owed: what the lateness is of.')),
                ('late_ms', models.BigIntegerField(help_text='The sum of those, from the fire time to the start.')),
                ('late_most_ms', models.BigIntegerField()),
                ('spread', models.JSONField(help_text='How many fell into which bucket: {"duration.3": 7}, by the measure and the place of the bucket in jobs.buckets.')),
                ('judged', models.IntegerField(help_text='How many had a service level to meet.')),
                ('met', models.IntegerField(help_text='How many of those met it.')),
            ],
            options={
                'db_table': 'jobs_run_totals',
            },
        ),
        # Null in the rows that there are, so that none is written here: 0022 fills it in, and has its index.
        migrations.AddField(
            model_name='run',
            name='outcome',
            field=models.CharField(editable=False, help_text='The state of a run that has ended.', max_length=10, null=True),
        ),
        migrations.AddConstraint(
            model_name='rollcursor',
            constraint=models.CheckConstraint(condition=models.Q(('id', 1)), name='roll_cursor_is_one'),
        ),
        migrations.AddIndex(
            model_name='runtotals',
            index=models.Index(fields=['workspace', 'span', 'start'], name='run_totals_of_all'),
        ),
        migrations.AddConstraint(
            model_name='runtotals',
            constraint=models.CheckConstraint(condition=models.Q(('span__in', ['hour', 'day'])), name='run_totals_span_known'),
        ),
        migrations.AddConstraint(
            model_name='runtotals',
            constraint=models.CheckConstraint(condition=models.Q(('met__lte', models.F('judged'))), name='run_totals_met_were_judged'),
        ),
    ]
