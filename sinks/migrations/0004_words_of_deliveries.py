from django.db import migrations, models


class Migration(migrations.Migration):
    """Words that people read; nothing in the database changes."""

    dependencies = [("sinks", "0003_notices")]

    operations = [
        migrations.AlterModelOptions(name="delivery", options={"verbose_name_plural": "deliveries"}),
        migrations.AlterField(
            model_name="delivery",
            name="due_at",
            field=models.DateTimeField(help_text="When it is tried next; empty once it is over.", null=True),
        ),
    ]
