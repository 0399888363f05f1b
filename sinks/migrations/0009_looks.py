from django.db import migrations, models


class Migration(migrations.Migration):
    """How far a rule's look for late and stuck runs has come."""

    dependencies = [("sinks", "0008_heads")]

    operations = [
        migrations.AddField(
            model_name="rule",
            name="late_reached",
            field=models.BigIntegerField(db_default=0, default=0, help_text="The last run that was looked at."),
        ),
        migrations.AddField(
            model_name="rule",
            name="stuck_reached",
            field=models.BigIntegerField(db_default=0, default=0, help_text="The last run that was looked at."),
        ),
    ]
