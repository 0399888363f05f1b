"""Indexes for the words by which lists of runs are filtered; built while the system works."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('jobs', '0020_origin'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='run',
            index=models.Index(condition=models.Q(('ended_at__isnull', False)), fields=['workspace', 'trigger', '-id'], name='run_by_trigger'),
        ),
        AddIndexConcurrently(
            model_name='run',
            index=models.Index(condition=models.Q(('actor__gt', ''), ('ended_at__isnull', False)), fields=['workspace', 'actor', '-id'], name='run_by_actor'),
        ),
        AddIndexConcurrently(
            model_name='run',
            index=models.Index(condition=models.Q(('ended_at__isnull', False)), fields=['workspace', '-created_at', '-id'], name='run_by_creation'),
        ),
    ]
