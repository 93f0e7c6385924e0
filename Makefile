# The whole developer interface; `make help` lists it. Needs Python 3.11 or newer, make, and PyPI the first time.
# Paths are relative, and programs run as `python -m`, so that a checkout may lie anywhere, spaces included.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV
# pyright asks PyPI for a newer pyright at every run otherwise; Node.js comes as a wheel with it, never from the machine.
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1
export PYRIGHT_PYTHON_GLOBAL_NODE := 0

PYTHON ?=
JOBS ?= 2
ARGS ?=
CASES ?=
BIN := .venv/bin
PY := $(BIN)/python

# Output of checks that run side by side is kept apart where this make can (4.0 and later).
SYNC := $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: .venv/runtime.stamp ## run the coding-agents platform on an embedded PostgreSQL (PORT=8000)
	@$(PY) -m examples.coding_agents.demo

test: .venv/dev.stamp .venv/system.stamp ## run the tests (ARGS='tests/unit -k owner', JOBS=2)
	@$(PY) -m pytest -n $(JOBS) --dist worksteal $(ARGS)

stress: .venv/dev.stamp ## 100,000 calls of fifty users on four connections, with a server that restarts (CALLS=100000)
	@FREEHOLD_STRESS=$(or $(CALLS),100000) $(PY) -m pytest -p no:randomly tests/integration/scope/test_stress.py

coverage: .venv/dev.stamp ## run the tests and report the branches they leave out
	@$(PY) -m coverage erase
	@$(PY) -m coverage run -m pytest -n $(JOBS) --dist worksteal $(ARGS)
	@$(PY) -m coverage combine --quiet
	@$(PY) -m coverage report

# The slow ones come first, so that they run side by side.
CHECKS := check-pyright docs check-mypy check-lint check-format check-imports check-pins

check: .venv/dev.stamp ## run the static checks side by side (JOBS=2)
	+@$(MAKE) --keep-going --jobs=$(JOBS) $(SYNC) $(CHECKS)

check-pyright: .venv/dev.stamp
	@echo "pyright"; $(PY) -m pyright

check-mypy: .venv/dev.stamp
	@echo "mypy"; $(PY) -m mypy

check-lint: .venv/dev.stamp
	@echo "ruff check"; $(PY) -m ruff check --quiet .

check-format: .venv/dev.stamp
	@echo "ruff format"; $(PY) -m ruff format --quiet --diff .

check-imports: .venv/dev.stamp
	@echo "import-linter"; $(PY) -c 'from importlinter.cli import lint_imports_command as run; run()' --no-logo

# Offline: what is installed (the pins, nothing else) must be all that pyproject.toml asks for, and fit together.
check-pins: .venv/dev.stamp
	@echo "pins"; $(PY) -m pip --isolated install --quiet --dry-run --no-index --no-build-isolation --editable '.[embedded,oauth,audit,otel,testing,dev,docs,bench]' \
	  || { echo 'requirements-dev.txt is behind pyproject.toml: run `make requirements`' >&2; exit 1; }
	@$(PY) -m pip --isolated check --quiet

fix: .venv/dev.stamp ## format, and repair what can be repaired
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

soak: .venv/runtime.stamp ## restart everything under the platform and look at what is left (SOAK_SECONDS=240)
	@$(PY) -m examples.coding_agents.soak

bench: .venv/dev.stamp ## measure (CASES='list point' for some of the cases)
	@$(PY) -m benchmarks $(CASES)

docs: .venv/dev.stamp ## build the documentation into docs/_build/html; warnings fail
	@$(PY) -m sphinx --quiet --fail-on-warning --keep-going --nitpicky -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

clean: ## remove what make made; the data under .freehold stays
	rm -rf .venv docs/_build build dist .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find src tests examples benchmarks docs -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# ----------------------------------------------------------------------------------------------------------------------
# The environment. A stamp is newer than what it was made from, so nothing is installed twice.

PIN := $(PY) -m uv pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command 'make requirements' $(if $(UPGRADE),--upgrade)

requirements: .venv/uv.stamp ## pin what pyproject.toml asks for (UPGRADE=1 for the newest)
	$(PIN) --group build --group examples --extra embedded pyproject.toml --output-file requirements.txt
	$(PIN) --group build --group examples --all-extras --constraints requirements.txt pyproject.toml --output-file requirements-dev.txt
	echo uv | $(PIN) - --output-file requirements-uv.txt

# The first Python that is new enough and can make an environment.
.venv/bin/python:
	@for python in $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11); do \
	  if $$python -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	    echo "$$python -m venv .venv"; exec $$python -m venv .venv; \
	  fi; \
	done; \
	echo 'freehold needs Python 3.11 or newer with its venv module (Debian, Ubuntu: python3-venv); name one with PYTHON=...' >&2; \
	exit 1

# uv only makes the installation faster: without it, pip installs the same files.
.venv/uv.stamp: requirements-uv.txt | .venv/bin/python
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r $< || echo 'uv is not to be had: pip does the work'
	@touch $@

define install
	@echo "installing $(1)"
	@{ $(PY) -m uv pip install --quiet --python $(PY) --require-hashes -r $(1) \
	  && $(PY) -m uv pip install --quiet --python $(PY) --no-deps --no-build-isolation --offline --editable .; } 2>.venv/uv.log \
	  || { $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r $(1) \
	  && $(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index --editable .; }
endef

.venv/runtime.stamp: requirements.txt pyproject.toml .venv/uv.stamp
	$(call install,requirements.txt)
	@touch $@

.venv/dev.stamp: requirements-dev.txt pyproject.toml .venv/uv.stamp
	$(call install,requirements-dev.txt)
	@touch .venv/runtime.stamp $@

# What Debian has and PyPI has not, for tests/browser and for the tests behind a pooler: looked for once, and installed where
# that is ours to do. Tests without it are skipped, and say so.
APT := apt-get -o DPkg::Lock::Timeout=30 -o Acquire::http::Timeout=20 -o Acquire::Retries=1 --quiet --yes
BROWSERS := chromium chromium-browser google-chrome google-chrome-stable

.venv/system.stamp: | .venv/bin/python
	@PATH="$$PATH:/usr/sbin"; wanted=; \
	have() { for name in "$$@"; do command -v "$$name" >/dev/null && return; done; return 1; }; \
	have "$$FREEHOLD_TEST_BROWSER" $(BROWSERS) || wanted=chromium; \
	have pgbouncer || wanted="$$wanted pgbouncer"; \
	if [ -n "$$wanted" ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "installing $$wanted"; \
	  { timeout 60 $(APT) update; \
	    DEBIAN_FRONTEND=noninteractive timeout 240 $(APT) install --no-install-recommends $$wanted; } >.venv/system.log 2>&1 \
	    || echo "$$wanted: not to be had (.venv/system.log says why), so some tests will be skipped"; \
	fi; \
	touch $@

.PHONY: help demo soak test stress coverage check $(CHECKS) fix bench docs clean requirements
