"""The register of worker processes and beats."""

import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0023_audit_once'),
    ]

    operations = [
        migrations.CreateModel(
            name='WorkerProcess',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('name', models.CharField(help_text='host:pid, as its lanes call it.', max_length=200, unique=True)),
                ('kind', models.CharField(help_text='worker or beat.', max_length=10)),
                ('node', models.CharField(help_text='Its name within Celery.', max_length=200)),
                ('host', models.CharField(max_length=200)),
                ('pid', models.IntegerField()),
                ('pool', models.CharField(db_default='', max_length=40)),
                ('slots', models.IntegerField(db_default=0, help_text='So many messages it works at once.')),
                ('queues', models.JSONField(db_default=models.Value([], models.JSONField()))),
                ('children', models.JSONField(db_default=models.Value([], models.JSONField()), help_text='What the lanes of the processes that it forked are called.')),
                ('version', models.CharField(db_default='', max_length=40)),
                ('memory_bytes', models.BigIntegerField(help_text='Resident, with its children; null where that is not known.', null=True)),
                ('started_at', models.DateTimeField()),
                ('heard_at', models.DateTimeField()),
                ('draining_since', models.DateTimeField(null=True)),
                ('draining_by', models.CharField(db_default='', max_length=200)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                'db_table': 'jobs_worker_process',
                'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ('worker', 'beat'))), name='worker_process_kind'), models.CheckConstraint(condition=models.Q(('draining_since__isnull', True), ('kind', 'worker'), _connector='OR'), name='worker_process_beats_do_not_drain')],
            },
        ),
    ]
