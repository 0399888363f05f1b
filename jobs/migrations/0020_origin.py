import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0019_metrics'),
    ]

    operations = [
        migrations.CreateModel(
            name='Origin',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('kind', models.CharField(help_text='Such as job, sink or schedule.', max_length=40)),
                ('name', models.CharField(help_text="The object's; a job's is its key, a schedule's JOB/NAME.", max_length=300)),
                ('source', models.CharField(help_text='The set of files that it is applied with.', max_length=500)),
                ('path', models.CharField(help_text='The file.', max_length=1000)),
                ('digest', models.CharField(help_text='SHA-256 of what the file says of it.', max_length=64)),
                ('applied_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('applied_by', models.CharField(blank=True, default='', max_length=200)),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='origins', to='jobs.workspace')),
            ],
            options={
                'db_table': 'jobs_origin',
                'constraints': [models.UniqueConstraint(fields=('workspace', 'kind', 'name'), name='origin_once_per_object'), models.CheckConstraint(condition=models.Q(('source', ''), _negated=True), name='origin_has_a_source')],
            },
        ),
    ]
