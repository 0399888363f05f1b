from django.db import migrations, models

from jobs.concurrent_index import BuildIndex


class Migration(migrations.Migration):
    """What is found by that it was lost with a worker."""

    atomic = False

    dependencies = [("sinks", "0005_turns")]

    operations = [
        BuildIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("losses__gt", 0), ("state", "due")),
                fields=["sink_id", "due_at", "id"],
                name="delivery_alone",
            ),
        ),
    ]
