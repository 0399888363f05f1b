# Each target does its own set-up from nothing: the virtual environment, the locked packages, the servers, the tables.
# `make help` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# The set-up steps share one virtual environment.
.NOTPARALLEL:

VENV := .venv
BIN := $(VENV)/bin
# The first of these that is 3.11 or newer makes the virtual environment; PYTHON=... chooses another.
PYTHON ?=
PYTHONS := $(PYTHON) python3.11 python3.12 python3.13 python3.14 python3 python
PROBE := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))

# Under `run` a command finds a database and a broker; where DATABASE_URL and BROKER_URL are set it finds those.
WITH_SERVERS := exec $(BIN)/python -m embedded run --

.PHONY: help
help: ## List the commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-z][a-z0-9-]*:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- Running it ----------------------------------------------------------------------------------------------------------

.PHONY: up demo stop reset
up: $(VENV)/embedded.stamp ## The whole system in the foreground, at http://127.0.0.1:8000 (PORT=... chooses the port, BEATS=... how many beats)
	@exec $(BIN)/python -m embedded up

demo: $(VENV)/embedded.stamp ## Run every example job to its end, and print what came of it
	@exec $(BIN)/python -m embedded demo

stop: $(VENV)/embedded.stamp ## End what runs in this checkout
	@exec $(BIN)/python -m embedded stop

reset: $(VENV)/embedded.stamp ## End what runs in this checkout and remove its data: the database, the logs, the generated keys
	@exec $(BIN)/python -m embedded reset

# --- Checking it ---------------------------------------------------------------------------------------------------------

# So many processes share the tests, each with servers of its own; a file's tests stay together. Half of the time a test waits, so that there may be one more than cores.
TESTERS ?= 3
SHARED := -n $(TESTERS) --dist loadfile

.PHONY: check test acceptance spark-acceptance test-pg15 format-check lint types contracts migrations-check schema-check coverage-floor
check: format-check lint types contracts migrations-check schema-check test coverage-floor ## What CI runs: format, lint, types, contracts, migrations, the manifests' schema, tests

test: $(VENV)/dev.stamp ## The unit, integration and conformance tests (ARGS=... are passed to pytest; TESTERS=1 leaves one core to others)
	@exec $(BIN)/python -m pytest $(SHARED) --cov --cov-report= --cov-fail-under=0 tests/sinks_conformance tests/unit tests/integration tests/conformance $(ARGS)

acceptance: $(VENV)/dev.stamp ## The tests that start the real processes, kill them, and count (minutes; but those of Spark)
	@exec $(BIN)/python -m pytest tests/acceptance --ignore=tests/acceptance/test_spark.py -m acceptance $(ARGS)

# Java first: without it there is no use in installing Spark, which takes longer than the tests.
spark-acceptance: $(VENV)/dev.stamp ## The tests against real Spark, where the machine has Java: local mode, and a master and a worker on loopback (minutes)
	@if "$${JAVA_HOME:+$$JAVA_HOME/bin/}java" -version >/dev/null 2>&1; then \
	    $(MAKE) --no-print-directory $(VENV)/spark.stamp; \
	    exec $(BIN)/python -m pytest tests/acceptance/test_spark.py -m acceptance $(ARGS); \
	else \
	    echo "spark-acceptance: left out, because this machine has no Java (Spark needs 17 or 21, on the PATH or named by JAVA_HOME)"; \
	fi

test-pg15: $(VENV)/dev.stamp ## The engine's tests on PostgreSQL 15, where the machine has it (but the random sequences and the crashes)
	@if [ -x /usr/lib/postgresql/15/bin/postgres ]; then \
	    exec env -u DATABASE_URL -u BROKER_URL EMBEDDED_POSTGRES=15 $(BIN)/python -m pytest $(SHARED) tests/unit tests/integration -m engine \
	        --ignore=tests/integration/engine/test_run_control_properties.py \
	        --ignore=tests/integration/scheduler/test_crashes.py $(ARGS); \
	else \
	    echo "test-pg15: left out, because this machine has no PostgreSQL 15 (/usr/lib/postgresql/15)"; \
	fi

.PHONY: test-browser screenshots
test-browser: chromium $(VENV)/dev.stamp ## The tests that drive the pages in a real browser (Debian's chromium; installed where that may be done)
	@exec $(BIN)/python -m pytest tests/browser $(ARGS)

screenshots: chromium $(VENV)/dev.stamp ## Take pictures of all pages, light, dark and on a phone, into docs/images/
	@mkdir -p docs/images
	@PICTURES_TO=docs/images exec $(BIN)/python -m pytest tests/browser/test_pictures.py $(ARGS)

.PHONY: chromium
chromium: # A chromium on the PATH. It comes from the system's own packages; nothing is fetched from elsewhere.
	@for program in chromium chromium-browser google-chrome google-chrome-stable; do \
	    if command -v "$$program" >/dev/null; then exit 0; fi; \
	done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "installing chromium (apt-get, some 360 MB)"; \
	    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core; } >/dev/null && exit 0; \
	fi; \
	echo "error: no chromium on the PATH. Install it (Debian: apt-get install chromium; as root this command does it), or google-chrome" >&2; exit 1

.PHONY: rabbitmq test-rabbitmq
test-rabbitmq: rabbitmq $(VENV)/dev.stamp ## The tests of sinks to RabbitMQ (Debian's rabbitmq-server; installed where that may be done)
	@exec $(BIN)/python -m pytest tests/sinks_conformance tests/integration/sinks/test_message.py -k "amqp or test_message" $(ARGS)

rabbitmq: # No package index of Python's has it. The tests start a node of their own.
	@if [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "installing rabbitmq-server (apt-get, some 100 MB)"; \
	    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends rabbitmq-server; } >/dev/null && exit 0; \
	fi; \
	echo "error: no RabbitMQ. Install it (Debian: apt-get install rabbitmq-server; as root this command does it)" >&2; exit 1

coverage-floor: test # The share of the code that the tests must have run through: fail_under in pyproject.toml
	@$(BIN)/python -m coverage report --skip-covered

format: $(VENV)/dev.stamp ## Format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix --select I .

format-check: $(VENV)/dev.stamp
	@$(BIN)/ruff format --check .

lint: $(VENV)/dev.stamp ## ruff
	@$(BIN)/ruff check .

types: $(VENV)/dev.stamp ## mypy
	@$(SETTINGS_ONLY) $(BIN)/mypy .

contracts: $(VENV)/dev.stamp ## Who may import whom
	@$(SETTINGS_ONLY) $(BIN)/lint-imports

migrations-check: $(VENV)/dev.stamp # No model has changed without its migration. It has data of its own, so that `make up` may run beside it.
	@EMBEDDED_DATA=.data/check $(WITH_SERVERS) $(BIN)/python manage.py makemigrations --check --dry-run

schema-check: $(VENV)/dev.stamp # The JSON Schema of manifests is what the code declares; a process of its own, for tests register kinds
	@$(SETTINGS_ONLY) $(BIN)/python manage.py jobs_schema --check

.PHONY: schema schemathesis
schemathesis: $(VENV)/dev.stamp ## Send the API whatever fits its OpenAPI document and whatever does not (EXAMPLES=... for each operation; about an hour)
	@exec $(BIN)/python -m pytest tests/integration/openapi/test_schemathesis.py tests/integration/openapi/test_fuzzed_bodies.py --examples $(or $(EXAMPLES),200) --timeout 3600 $(ARGS)

schema: $(VENV)/dev.stamp ## Write the OpenAPI document anew: docs/reference/openapi.yaml, which a test compares with the API
	@$(SETTINGS_ONLY) $(BIN)/python -m jobsproject.write_schema docs/reference/openapi.yaml

# What reads the settings but connects to nothing.
SETTINGS_ONLY := SECRET_KEY=not-used DATABASE_URL=postgresql://not-used/not-used BROKER_URL=redis://not-used

.PHONY: bench format
bench: $(VENV)/bench.stamp ## Measure, with other systems beside (SCENARIO=... runs one)
	@$(WITH_SERVERS) $(BIN)/python -m benchmarks $(SCENARIO)

# --- Packages ------------------------------------------------------------------------------------------------------------

# One lock for each purpose; a stamp says that it is installed. bench holds dev holds embedded; spark stands beside.
.SECONDARY:
$(VENV)/%.stamp: requirements/%.txt $(VENV)/tools.stamp
	@echo "installing $<"
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes -r $< 2>/dev/null \
	    || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@
	@if [ $* = bench ]; then touch $(VENV)/dev.stamp; fi
	@if [ $* != embedded ] && [ $* != spark ]; then touch $(VENV)/embedded.stamp; fi
	@install -m 755 commandline/jobsctl.sh $(BIN)/jobsctl

# uv takes seconds where pip takes a minute; where there is no uv for the platform, pip does.
$(VENV)/tools.stamp: requirements/tools.txt
	@[ -x $(BIN)/python ] || { \
	    for python in $(PYTHONS); do \
	        if "$$python" -c '$(PROBE)' 2>/dev/null; then found="$$python"; break; fi; \
	    done; \
	    [ -n "$${found:-}" ] || { echo "error: Python 3.11 or newer, with its venv module, is needed (Debian: apt-get install python3-venv)" >&2; exit 1; }; \
	    echo "setting up $(VENV) with $$("$$found" --version)"; \
	    "$$found" -m venv --clear $(VENV); \
	}
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $< \
	    || echo "there is no uv for this platform; going on with pip"
	@touch $@

.PHONY: spark lock clean
spark: $(VENV)/spark.stamp ## Install Spark for payloads of kind spark (some 450 MB; Java 17 or 21 is yours to install)

lock: $(VENV)/tools.stamp ## Write the locks anew from requirements/*.in (ARGS=--upgrade takes the newest versions)
	@cd requirements; for name in tools base embedded kafka sftp dev bench spark; do \
	    ../$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header $$name.in -o $$name.txt $(ARGS); \
	done

.PHONY: audit
audit: $(VENV)/dev.stamp ## Look for known holes in what the locks name; it says so where the public list cannot be reached
	@$(BIN)/python requirements/audit.py

clean: ## Remove what was made here except the data: the virtual environment and the caches
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage htmlcov
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
