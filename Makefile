# Two commands on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO ?= demo-runs/$(shell date +%Y%m%d-%H%M%S)
PIP := $(BIN)/python -m pip --disable-pip-version-check

# An environment of its own, for torch, trl and peft are large.
VENV_TRAIN ?= .venv-train
VENV_RAY ?= .venv-ray

.PHONY: demo test test-train test-ray env env-dev models browser lint types unit bench-engine lock lock-train lock-ray clean

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

# What trains for real: the extra train, and the fine-tuning formats in trl itself.
test-train: $(VENV_TRAIN)/.stamp
	$(VENV_TRAIN)/bin/pytest -m train

$(VENV_TRAIN)/.stamp: requirements-train.txt pyproject.toml
	$(PYTHON) -m venv $(VENV_TRAIN)
	$(VENV_TRAIN)/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes -r requirements-train.txt
	$(VENV_TRAIN)/bin/python -m pip --disable-pip-version-check install --quiet --no-deps --no-build-isolation -e .
	touch $@

# Runs on several Ray nodes on this machine, killed workers, nodes and drivers among them.
test-ray: $(VENV_RAY)/.stamp
	$(VENV_RAY)/bin/pytest -m ray

$(VENV_RAY)/.stamp: requirements-ray.txt pyproject.toml
	$(PYTHON) -m venv $(VENV_RAY)
	$(VENV_RAY)/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes -r requirements-ray.txt
	$(VENV_RAY)/bin/python -m pip --disable-pip-version-check install --quiet --no-deps --no-build-isolation -e .
	touch $@

# The engine's table; PEERS is a folder of the peers' virtual environments, see bench/README.md.
bench-engine: env-dev
	$(BIN)/python bench/engine_all.py $(if $(PEERS),--envs $(PEERS))

# Pins by name, version and hash; no addresses. Needs pip-tools.
LOCK := pip-compile --quiet --generate-hashes --no-emit-index-url --no-emit-trusted-host --no-emit-find-links \
	--no-annotate --no-header --strip-extras --allow-unsafe --build-deps-for editable
lock:
	$(LOCK) --extra embedded --extra parquet --extra review -o requirements.txt pyproject.toml
	$(LOCK) --extra embedded --extra parquet --extra review --extra hub --extra evaluate --extra dev -c requirements.txt -o requirements-dev.txt pyproject.toml

# torch as its CPU build, which is a tenth of the size: pip has to find one, see CONTRIBUTING.
# What requirements-dev.txt has is taken over with its hashes.
TORCH ?= 2.13.0
lock-train:
	cp requirements-dev.txt requirements-train.txt
	$(LOCK) --extra embedded --extra parquet --extra review --extra hub --extra evaluate --extra train --extra dev \
		-P torch==$(TORCH)+cpu -c requirements-dev.txt -o requirements-train.txt pyproject.toml

# What requirements-dev.txt has is taken over with its hashes here too.
lock-ray:
	cp requirements-dev.txt requirements-ray.txt
	$(LOCK) --extra embedded --extra parquet --extra review --extra hub --extra evaluate --extra ray --extra dev \
		-c requirements-dev.txt -o requirements-ray.txt pyproject.toml

clean:
	rm -rf $(VENV) $(VENV_TRAIN) $(VENV_RAY) .mypy_cache .ruff_cache .pytest_cache
