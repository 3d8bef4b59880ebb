# Two commands on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO ?= demo-runs/$(shell date +%Y%m%d-%H%M%S)
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: demo test env env-dev models browser lint types unit bench-engine lock clean

demo: env
	$(BIN)/duologue run --preset quick --out $(DEMO)

test: env-dev models browser lint types unit

env: $(VENV)/.stamp
$(VENV)/.stamp: requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --require-hashes -r requirements.txt
	$(PIP) install --quiet --no-deps --no-build-isolation -e .
	touch $@

env-dev: $(VENV)/.stamp-dev
$(VENV)/.stamp-dev: $(VENV)/.stamp requirements-dev.txt
	$(PIP) install --quiet --require-hashes -r requirements-dev.txt
	touch $@

models: env
	$(BIN)/duologue models pull default minilm --quiet

# For the tests of the review page; they are skipped with a message where it can't be installed.
browser:
	@test -x /usr/bin/chromium || (apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core) \
		>/dev/null 2>&1 || echo "no chromium: the browser tests are skipped"

lint:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types:
	$(BIN)/mypy

unit:
	$(BIN)/pytest -n 2

# The engine's table; PEERS is a folder of the peers' virtual environments, see bench/README.md.
bench-engine: env-dev
	$(BIN)/python bench/engine_all.py $(if $(PEERS),--envs $(PEERS))

# Pins by name, version and hash; no addresses. Needs pip-tools.
LOCK := pip-compile --quiet --generate-hashes --no-emit-index-url --no-emit-trusted-host --no-emit-find-links \
	--no-annotate --no-header --strip-extras --allow-unsafe --build-deps-for editable
lock:
	$(LOCK) --extra embedded --extra parquet --extra review -o requirements.txt pyproject.toml
	$(LOCK) --extra embedded --extra parquet --extra review --extra hub --extra evaluate --extra dev -c requirements.txt -o requirements-dev.txt pyproject.toml

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
