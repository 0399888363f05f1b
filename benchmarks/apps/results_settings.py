"""Django's settings for django-celery-results, and nothing else."""

import os

from psycopg.conninfo import conninfo_to_dict

_address = conninfo_to_dict(os.environ["BENCH_DATABASE_URL"])

SECRET_KEY = "nothing is signed here"
INSTALLED_APPS = ["django.contrib.contenttypes", "django_celery_results"]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _address["dbname"],
        "USER": _address.get("user", ""),
        "PASSWORD": _address.get("password", ""),
        "HOST": _address.get("host", ""),
        "PORT": _address.get("port", ""),
    }
}
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
