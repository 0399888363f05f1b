"""More of what the rows of the engine must never be is refused by the database."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0027_bulk_callers'),
    ]

    operations = [
        migrations.AddConstraint(
            model_name='bulkaction',
            constraint=models.CheckConstraint(condition=models.Q(('changed__gte', 0), ('failures__gte', 0), ('total__gte', 0), ('unchanged__gte', 0)), name='bulk_action_counts_from_zero'),
        ),
        migrations.AddConstraint(
            model_name='followup',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ('check_failures', 'resume_rest', 'erase_replays'))), name='follow_up_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='requeued',
            constraint=models.CheckConstraint(condition=models.Q(('attempts__gte', 0), ('position__gte', 0)), name='requeued_from_zero'),
        ),
    ]
