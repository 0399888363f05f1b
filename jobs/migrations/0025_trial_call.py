"""Calls that are tried while an HTTP payload is written."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0024_worker_processes'),
    ]

    operations = [
        migrations.CreateModel(
            name='TrialCall',
            fields=[
                ('actor', models.CharField(max_length=150)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('expires_at', models.DateTimeField(help_text='A worker that finds it later leaves it alone.')),
                ('taken_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('result', models.JSONField(null=True)),
                ('error', models.JSONField(null=True)),
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('parameters', models.JSONField()),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='trial_calls', to='jobs.workspace')),
            ],
            options={
                'db_table': 'jobs_trial_call',
                'indexes': [models.Index(fields=['expires_at'], name='trial_call_expiry')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', True), ('error__isnull', True), ('result__isnull', True)), models.Q(('ended_at__isnull', False), ('taken_at__isnull', False), models.Q(models.Q(('error__isnull', True), ('result__isnull', False)), models.Q(('error__isnull', False), ('result__isnull', True)), _connector='OR')), _connector='OR'), name='trial_call_fits')],
            },
        ),
    ]
