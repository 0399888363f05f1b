"""The constraint of 0003, checked against the rows that there are, in a transaction of its own: writers go on meanwhile."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [("scheduler", "0003_principal")]

    operations = [ValidateConstraint(model_name="fire", name="fire_state_fits")]
