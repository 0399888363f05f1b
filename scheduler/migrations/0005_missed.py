"""The fire times that were missed, of all schedules together."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('scheduler', '0004_principal_checked'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='fire',
            index=models.Index(condition=models.Q(('reason__in', ['overlap', 'misfire', 'catch_up_window']), ('state', 'skipped')), fields=['-decided_at'], name='fire_missed'),
        ),
    ]
