"""As whom a schedule acts, and the reason of a fire that may not any more.

The constraint is made anew without a look at the rows, which all fit the narrower one: 0004 looks, and locks nobody out.
"""

import django.db.models.deletion
from django.contrib.postgres.operations import AddConstraintNotValid
import scheduler.states
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('scheduler', '0002_fewer_checks'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='fire',
            name='fire_state_fits',
        ),
        migrations.AddField(
            model_name='schedule',
            name='principal',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, editable=False, help_text='As whom its runs act: who saved it last, or who took it over.', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='fire',
            name='reason',
            field=models.CharField(blank=True, choices=[(reason, reason) for reason in scheduler.states.Reason], default='', max_length=20),
        ),
        AddConstraintNotValid(
            model_name='fire',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('due_at__isnull', False), ('reason', ''), ('state', 'waiting')), models.Q(('reason', ''), ('state', 'buffered')), models.Q(('reason', ''), ('run_id__isnull', False), ('state', 'fired')), models.Q(('reason__in', ['overlap', 'misfire', 'catch_up_window', 'excluded', 'asked', 'job_inactive', 'principal_lost', 'paused', 'limit']), ('state', 'skipped')), _connector='OR'), name='fire_state_fits'),
        ),
    ]
