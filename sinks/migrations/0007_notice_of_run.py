from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('sinks', '0006_alone'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='notice',
            index=models.Index(condition=models.Q(('run_id__isnull', False)), fields=['run_id', 'id'], name='notice_of_run'),
        ),
    ]
