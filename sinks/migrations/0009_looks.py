from django.db import migrations, models


class Migration(migrations.Migration):
    """How far a rule's look for late and stuck runs has come; and what a rule has collected, found without what it has sent."""

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
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(
                condition=models.Q(("send_at__isnull", False)), fields=["rule", "id"], name="notice_collected"
            ),
        ),
    ]
