from django.db import migrations, models

from jobs.concurrent_index import BuildIndex


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('sinks', '0006_alone'),
    ]

    operations = [
        BuildIndex(
            model_name='notice',
            index=models.Index(condition=models.Q(('run_id__isnull', False)), fields=['run_id', 'id'], name='notice_of_run'),
        ),
    ]
