from django.db import migrations, models


class Migration(migrations.Migration):
    """What fair turns, one rest a turn and an end to lost attempts are known by."""

    dependencies = [("sinks", "0004_words_of_deliveries")]

    operations = [
        migrations.AddField(
            model_name="standing",
            name="last_turn_at",
            field=models.DateTimeField(
                help_text="When it was taken or left last: who has waited longest is next.", null=True
            ),
        ),
        migrations.AddField(
            model_name="standing",
            name="version",
            field=models.IntegerField(db_default=1, default=1, help_text="The sink's, which these failures are of."),
        ),
        migrations.AddField(
            model_name="standing",
            name="rests",
            field=models.IntegerField(
                db_default=0, default=0, help_text="In a row, without a delivery in between."
            ),
        ),
        migrations.AddField(
            model_name="delivery",
            name="losses",
            field=models.IntegerField(
                db_default=0, default=0, help_text="Attempts in a row that were lost with their worker."
            ),
        ),
    ]
