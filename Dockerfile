# The image of web, live, beat, workers and migrations; docker-compose.yml says which is which.
FROM python:3.12-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 STATIC_ROOT=/srv/static
WORKDIR /srv/jobs

COPY requirements/base.txt requirements/kafka.txt requirements/sftp.txt requirements/spark.txt requirements/
RUN pip install --no-cache-dir --require-hashes -r requirements/base.txt

# What some kinds need beside the base; `spark` brings no Java. Empty for none.
ARG EXTRAS="kafka sftp"
RUN set -e; for extra in $EXTRAS; do pip install --no-cache-dir --require-hashes -r "requirements/$extra.txt"; done

COPY manage.py ./
COPY jobsproject jobsproject
COPY jobs jobs
COPY manifests manifests
COPY scheduler scheduler
COPY sinks sinks
COPY ui ui
COPY workers workers

# collectstatic reads the settings and connects to nothing.
RUN SECRET_KEY=not-used DATABASE_URL=postgresql://not-used/not-used BROKER_URL=redis://not-used \
    python manage.py collectstatic --no-input \
    && useradd --system --no-create-home jobs \
    && install -d -o jobs -m 700 /srv/jobs/files
USER jobs
