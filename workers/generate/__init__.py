"""Making data up: datasets of typed fields, the same for the same seed, in any number and in many formats.

Pure: no Django, no Celery, nothing of a run. See docs/reference/generate-payload.md.
"""
