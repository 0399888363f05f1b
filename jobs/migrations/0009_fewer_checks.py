"""Foreign keys that nothing can break: who inserts the rows holds the locks that keep them true. See docs/adr/0006-beats-claim-rows.md."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0008_cleanup'),
    ]

    operations = [
        migrations.AlterField(
            model_name='event',
            name='workspace',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, to='jobs.workspace'),
        ),
        migrations.AlterField(
            model_name='payload',
            name='run',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='payloads', to='jobs.run'),
        ),
        migrations.AlterField(
            model_name='run',
            name='workspace',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='runs', to='jobs.workspace'),
        ),
    ]
