from django.db import migrations, models

from jobs.concurrent_index import BuildIndex


class Migration(migrations.Migration):
    """What a rule has collected, found without what it has sent."""

    atomic = False

    dependencies = [("sinks", "0009_looks")]

    operations = [
        BuildIndex(
            model_name="notice",
            index=models.Index(
                condition=models.Q(("send_at__isnull", False)), fields=["rule", "id"], name="notice_collected"
            ),
        ),
    ]
