"""A foreign key that nothing can break: see docs/adr/0006-beats-claim-rows.md."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0009_fewer_checks'),
        ('scheduler', '0001_initial'),
    ]

    operations = [
        migrations.AlterField(
            model_name='fire',
            name='schedule',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='fires', to='scheduler.schedule'),
        ),
    ]
