"""What was done with a token is found along an index, built while the system works."""

from django.db import migrations, models

from jobs.concurrent_index import BuildIndex


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('jobs', '0025_trial_call'),
    ]

    operations = [
        BuildIndex(
            model_name='auditentry',
            index=models.Index(condition=models.Q(('token', ''), _negated=True), fields=['workspace', 'token', '-at', '-id'], name='audit_by_token'),
        ),
    ]
