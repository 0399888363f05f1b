from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # Runs go on while the index is built.

    dependencies = [
        ("jobs", "0016_api_conventions"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="run",
            index=models.Index(
                fields=["workspace", "state", "-id"],
                name="run_unsuccessful",
                condition=models.Q(state__in=["failed", "cancelled"]),
            ),
        ),
    ]
