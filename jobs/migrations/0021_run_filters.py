"""Indexes for the words by which lists of runs are filtered; built while the system works."""

from django.db import migrations, models

from jobs.concurrent_index import BuildIndex


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('jobs', '0020_origin'),
    ]

    operations = [
        BuildIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('ended_at__isnull', False)), fields=['workspace', 'trigger', '-id'], name='run_by_trigger'),
        ),
        BuildIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('actor__gt', ''), ('ended_at__isnull', False)), fields=['workspace', 'actor', '-id'], name='run_by_actor'),
        ),
        BuildIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('ended_at__isnull', False)), fields=['workspace', '-created_at', '-id'], name='run_by_creation'),
        ),
    ]
