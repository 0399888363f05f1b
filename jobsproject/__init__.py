"""Composition: settings, URLs and the Celery app. No domain code."""

from jobsproject.celery import app as celery_app

__all__ = ["celery_app"]
