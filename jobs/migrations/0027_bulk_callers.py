"""Bulk actions know whose rights they need, how often they failed in a row, and when they were last tried."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0026_audit_by_token'),
    ]

    operations = [
        migrations.AddField(
            model_name='bulkaction',
            name='caller',
            field=models.JSONField(db_default=models.Value({}, models.JSONField()), default=dict, help_text="Whose rights it needs: user and token, by id; empty for a machine's account."),
        ),
        migrations.AddField(
            model_name='bulkaction',
            name='failures',
            field=models.IntegerField(db_default=0, default=0, help_text='Batches that failed since the last that did not.'),
        ),
        migrations.AddField(
            model_name='bulkaction',
            name='tried_at',
            field=models.DateTimeField(blank=True, help_text='When the last batch was tried.', null=True),
        ),
    ]
