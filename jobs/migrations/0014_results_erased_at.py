from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0013_notices'),
    ]

    operations = [
        migrations.AddField(
            model_name='run',
            name='results_erased_at',
            field=models.DateTimeField(blank=True, help_text='Since when a cleanup has erased results of its payloads: a null there need not have been the result.', null=True),
        ),
    ]
