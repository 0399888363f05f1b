"""Applications of Spark: how they are described, started on this machine, and read. Knows neither Django nor Celery."""
