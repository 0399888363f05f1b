from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations, models

from jobs.concurrent_index import BuildIndex


class Migration(migrations.Migration):
    """Of each run the delivery that is next at a sink, found by going from run to run; and notices, which are of no run."""

    atomic = False

    dependencies = [("sinks", "0007_notice_of_run")]

    operations = [
        BuildIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("state", "due")),
                fields=["sink_id", "handover", "first_position"],
                name="delivery_heads",
            ),
        ),
        BuildIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("handover__isnull", True), ("state", "due")),
                fields=["sink_id", "due_at", "id"],
                name="delivery_of_notices",
            ),
        ),
        RemoveIndexConcurrently(model_name="delivery", name="delivery_in_order"),
    ]
