"""The fire times that were missed, of all schedules together."""

from django.db import migrations, models

from jobs.concurrent_index import BuildIndex


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('scheduler', '0004_principal_checked'),
    ]

    operations = [
        BuildIndex(
            model_name='fire',
            index=models.Index(condition=models.Q(('reason__in', ['overlap', 'misfire', 'catch_up_window']), ('state', 'skipped')), fields=['-decided_at'], name='fire_missed'),
        ),
    ]
