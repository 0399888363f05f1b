"""Settings. Everything that differs between deployments comes from the environment; the defaults are the safe ones."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from jobsproject import env, oidc_settings, unfold_settings
from jobsproject.logs import logging_settings

BASE_DIR = Path(__file__).resolve().parent.parent

SECRET_KEY = env.text("SECRET_KEY")
DEBUG = env.flag("DEBUG", False)
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",  # Before the admin: its templates are Unfold's.
    "jobsproject.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "django_celery_beat",
    "rest_framework",
    "drf_spectacular_sidecar",
    "jobs",
    "scheduler",
    "sinks",
    "manifests",
    "workers",
    "ui",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "jobsproject.cors.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "ui.language.LanguageOfPages",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "jobsproject.content_policy.ContentPolicy",
    "axes.middleware.AxesMiddleware",
    "jobs.acting.middleware",
]

ROOT_URLCONF = "jobsproject.urls"
WSGI_APPLICATION = "jobsproject.wsgi.application"
ASGI_APPLICATION = "jobsproject.asgi.application"
LOGIN_URL = "/ui/login/"
LOGIN_REDIRECT_URL = "/admin/"
AUTHENTICATION_BACKENDS = ["jobsproject.login.Guard", "jobsproject.login.PasswordBackend"]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "jobsproject" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

DATABASES = {
    "default": {
        **env.database("DATABASE_URL"),
        "CONN_HEALTH_CHECKS": True,  # After a restart of PostgreSQL the pool is full of dead connections.
        "OPTIONS": {
            "pool": {"min_size": 0, "max_size": int(env.number("DATABASE_POOL_SIZE", 8, least=1)), "timeout": 10},
            "connect_timeout": 5,
            # Who stands still in the middle of a transaction keeps locks from others, and live streams from going on (ADR 14).
            "options": env.session(idle_in_transaction_session_timeout=env.number("DATABASE_IDLE_SECONDS", 60)),
        },
    }
}
DATABASE_STATEMENT_SECONDS = env.number("DATABASE_STATEMENT_SECONDS", 60)
"""Of the processes that answer people (jobsproject/answering.py); migrations, workers and commands may take what they need."""
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

_VALIDATORS = ("UserAttributeSimilarity", "MinimumLength", "CommonPassword", "NumericPassword")
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}Validator"} for name in _VALIDATORS
]

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
TIME_ZONE = "UTC"
USE_TZ = True
FORMAT_MODULE_PATH = ["jobsproject.formats"]
STATIC_URL = "/static/"
STATIC_ROOT = env.text("STATIC_ROOT", str(BASE_DIR / ".data" / "static"))

# --- Who gets in, and over what ----------------------------------------------------------------------------------------

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.flag("SECURE_COOKIES", True)
SECURE_SSL_REDIRECT = env.flag("SSL_REDIRECT", SESSION_COOKIE_SECURE)
SECURE_HSTS_SECONDS = int(env.number("HSTS_SECONDS", 31_536_000 if SECURE_SSL_REDIRECT else 0))
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.flag("HSTS_SUBDOMAINS", True)
SILENCED_SYSTEM_CHECKS = ["security.W021"]  # To be preloaded by browsers is a decision of the domain's owner, not ours.
if env.flag("TRUST_FORWARDED_PROTO", False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

JOBS_TRUSTED_PROXIES = int(env.number("JOBS_TRUSTED_PROXIES", 0, most=10))
"""How many proxies a request passes that each add to X-Forwarded-For from where it came to them. 0: the header says nothing."""

# django-axes counts the failures of a name from an address, in the database, so that all web processes know of them.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "jobs.api.client_address.client_address"
AXES_FAILURE_LIMIT = int(env.number("LOGIN_FAILURES", 10, least=1))
AXES_COOLOFF_TIME = dt.timedelta(minutes=env.number("LOGIN_COOL_OFF_MINUTES", 15, least=1))
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_DISABLE_ACCESS_LOG = True  # Who logged in when is Django's to keep; nobody needs a second list with addresses.
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

if _provider := env.json_object("OIDC_PROVIDER"):
    INSTALLED_APPS += ["mozilla_django_oidc"]
    AUTHENTICATION_BACKENDS += ["jobsproject.oidc.ProviderBackend"]
    OIDC_RP_CLIENT_ID = env.text("OIDC_CLIENT_ID")
    OIDC_RP_CLIENT_SECRET = env.text("OIDC_CLIENT_SECRET")
    globals().update(oidc_settings.provider_settings(_provider))
UNFOLD = unfold_settings.UNFOLD

SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "jobs.api.authentication.BearerAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["jobs.api.rendering.QuickJSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "jobs.api.described.schema.DescribedSchema",
    "EXCEPTION_HANDLER": "jobsproject.api.problem_details",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Jobs",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "POSTPROCESSING_HOOKS": ["jobsproject.openapi.assemble"],
    "ENABLE_DJANGO_DEPLOY_CHECK": False,  # A test compares the document with the views.
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024 * 1024

# --- The engine ---------------------------------------------------------------------------------------------------------

BROKER_URL = env.text("BROKER_URL")

JOBS_LEASE_SECONDS = env.number("JOBS_LEASE_SECONDS", 15, least=1)
"""How long a silent worker keeps its work. The heartbeat renews at a fifth of it."""

JOBS_SLICE_SECONDS = env.number("JOBS_SLICE_SECONDS", 5, least=0.1)
"""How long a lane works before it stands in line again."""

JOBS_SWEEP_SECONDS = env.number("JOBS_SWEEP_SECONDS", 1, least=0.05)
"""The longest pause between two passes of the sweep."""

JOBS_DEFAULT_TIMEZONE = env.time_zone("DEFAULT_TIMEZONE", "UTC")
"""The clock of schedules that name no time zone."""

JOBS_BEAT_SECONDS = env.number("JOBS_BEAT_SECONDS", 1, least=0.05)
"""The longest pause between two looks of a beat at what is due."""

JOBS_LIVE_SECONDS = env.number("JOBS_LIVE_SECONDS", 0.25, least=0.01, most=10)
"""The pause between two looks at the event log of a process that somebody watches by."""

JOBS_LIVE_CHECK_SECONDS = env.number("JOBS_LIVE_CHECK_SECONDS", 60, least=0.1, most=60)
"""How often those who watch are asked for their rights anew."""

JOBS_SECRET_KEYS = env.words("JOBS_SECRET_KEYS")
"""Fernet keys for secrets at rest, the newest first; older ones still decrypt."""

JOBS_PUBLIC_URL = env.url("JOBS_PUBLIC_URL")
"""Where this site is reached from outside: by the services that HTTP payloads call, so that they can add payloads to the run, and
by whoever follows the link of a notice or to results. Empty for nowhere."""

JOBS_API_RATE = env.rate("JOBS_API_RATE")
"""How many requests of one token, or of one person's session, the API takes in how many seconds. None: as many as come."""

JOBS_API_RATE_STORE = env.redis("JOBS_API_RATE_STORE", BROKER_URL) if JOBS_API_RATE else ""
"""The Redis that they are counted in."""

JOBS_CORS_ORIGINS = env.words("JOBS_CORS_ORIGINS")
"""The sites whose pages may call the API from a browser, such as https://portal.example.org. None by default."""

JOBS_PROBLEM_BASE = env.url("JOBS_PROBLEM_BASE")
"""Where the pages are that the ``type`` of a problem leads to. Empty for this site's own, under /problems/."""

JOBS_IDEMPOTENCY_HOURS = env.number("JOBS_IDEMPOTENCY_HOURS", 24, least=1, most=720)
"""How long the answer to a request with an Idempotency-Key is kept, to be given again."""

JOBS_API_WAITERS = int(env.number("JOBS_API_WAITERS", 4))
"""How many requests of one web process may wait at once, whatever for: a run's end (``?wait=``), an event, a worker's answer.
Others are answered at once."""

JOBS_EGRESS_ALLOW = env.networks("JOBS_EGRESS_ALLOW")
"""Private, loopback or link-local networks that payloads, datasources and sinks may reach. None by default."""

JOBS_FILE_ROOTS = [Path(word).resolve() for word in env.words("JOBS_FILE_ROOTS")]
"""Folders that datasources may read and write, and file sinks write into: one space for all workspaces. None by default."""

JOBS_SINKS_MAY = env.words("JOBS_SINKS_MAY")
"""What sinks may do that they may not by default, by words that their kinds know, such as ``s3-environment``."""

JOBS_DATASOURCE_OWN_DATABASE = env.flag("JOBS_DATASOURCE_OWN_DATABASE", False)
"""Whether a datasource may name ``default`` as its destination: this system's own PostgreSQL, in a schema of its own."""

JOBS_AUDIT_DAYS = int(env.number("JOBS_AUDIT_DAYS", 365, least=30))
"""How old an entry of the audit must be before any cleanup may erase it."""

JOBS_CLEANUP_WORKSPACE = env.text("JOBS_CLEANUP_WORKSPACE", "")
"""The workspace whose log cleanups may clean up others. None by default: each cleans up its own."""

JOBS_STORED_FILES = env.folder("JOBS_STORED_FILES")
"""The folder of files that payloads make and people download; web and workers share it. None: payloads cannot make any."""

env.apart("JOBS_STORED_FILES", JOBS_STORED_FILES, "JOBS_FILE_ROOTS", JOBS_FILE_ROOTS)

JOBS_STORED_FILE_MB = env.number("JOBS_STORED_FILE_MB", 10_240, least=1)
"""The most that one of them may have."""

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    **env.result_storage(
        "JOBS_STORED_RESULTS",
        "JOBS_STORED_RESULTS_S3",
        otherwise=JOBS_STORED_FILES and JOBS_STORED_FILES / ".results",  # which no workspace can be called
        apart_from={
            "JOBS_FILE_ROOTS": JOBS_FILE_ROOTS,
            "JOBS_STORED_FILES": [JOBS_STORED_FILES] if JOBS_STORED_FILES else [],
        },
    ),
}
"""``results``, shared by web and workers: where results are that are too large for their payloads' rows. It may be missing."""

JOBS_RESULT_INLINE_BYTES = int(1024 * env.number("JOBS_RESULT_INLINE_KIB", 1024, least=1, most=16 * 1024))
"""A larger result goes to that storage, where there is one; without one results stay in their rows."""

JOBS_RESULT_BYTES = int(1024 * 1024 * env.number("JOBS_RESULT_MIB", 100, least=1, most=4096))
"""The most that a stored one may have. A worker that makes or delivers one has some times as much in memory."""

JOBS_SPARK_TARGETS = env.json_object("JOBS_SPARK_TARGETS")
"""Where Spark applications may run, by name; see docs/reference/spark-payload.md. None by default."""

JOBS_SPARK_HOME = env.text("JOBS_SPARK_HOME", " ").strip()
"""The folder of the Spark distribution whose spark-submit is used. Empty for the one in the package pyspark."""

JOBS_SPARK_PACKAGES = env.words("JOBS_SPARK_PACKAGES")
"""Patterns of the Maven coordinates that Spark payloads may name. None by default."""

LOGGING = logging_settings(level=env.text("LOG_LEVEL", "INFO"), json_lines=env.flag("LOG_JSON", True))
