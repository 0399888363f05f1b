import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0011_destination'),
    ]

    operations = [
        migrations.AddField(
            model_name='payload',
            name='stored',
            field=models.JSONField(help_text='Where the whole result is, when it is too large for this row; see jobs.large_results.', null=True),
        ),
        migrations.CreateModel(
            name='StoredResult',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('run_id', models.BigIntegerField()),
                ('position', models.IntegerField(help_text='Of the payload whose result it is.')),
                ('key', models.CharField(help_text="The object's. No two objects ever have the same.", max_length=200)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                'db_table': 'jobs_stored_result',
                'constraints': [models.UniqueConstraint(fields=('key', 'run_id'), name='stored_result_once_per_run')],
            },
        ),
    ]
