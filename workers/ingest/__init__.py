"""Loads one file into one table. Runs in a child process of its own and knows neither Django nor Celery."""
