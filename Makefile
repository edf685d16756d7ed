# Everything sets itself up: all that is needed is make and Python 3.11 or newer.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# Not in pytest's own configuration: each process collects all tests and starts a sandbox of its own,
# which is no gain for a few tests. `make test ARGS="tests/lake -n0"` runs some in one process.
PYTEST := $(BIN)/python -m pytest --numprocesses=auto --dist=worksteal

.PHONY: demo test check format bench bench-backfill clean
.DEFAULT_GOAL := help

help:  ## Show what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 24

demo: $(VENV)/.sandbox  ## See the whole pipeline work on this machine, without AWS
	@$(BIN)/dmslake demo

test: $(VENV)/.dev  ## Run the tests
	@$(PYTEST) $(ARGS)

check: $(VENV)/.dev  ## Format, lint, types, layers, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PYTEST) $(ARGS)

format: $(VENV)/.dev  ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.dev  ## Run the benchmarks that the README's figures come from
	@for bench in $(filter-out bench/backfill% bench/s3_batch.py,$(wildcard bench/*.py)); do echo "== $$bench"; $(BIN)/python $$bench || exit 1; done

bench-backfill: $(VENV)/.dev  ## Measure the backfill against s5cmd and boto3
	@$(PIP) install --constraint constraints.txt --editable '.[sandbox,dev,bench]'
	@$(BIN)/python bench/backfill.py --write $(ARGS)

clean:  ## Remove everything that was made here
	rm -rf $(VENV) build dist *.egg-info .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "dmslake needs Python 3.11 or newer; name one: make PYTHON=python3.12 ..."; exit 1; }
	@echo "making a virtual environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.sandbox: $(BIN)/python pyproject.toml constraints.txt
	@echo "installing dmslake with its sandbox (once)"
	@$(PIP) install --constraint constraints.txt --editable '.[sandbox]'
	@touch $@

$(VENV)/.dev: $(BIN)/python pyproject.toml constraints.txt
	@echo "installing dmslake with its sandbox and the tools for development (once)"
	@$(PIP) install --constraint constraints.txt --editable '.[sandbox,dev]'
	@touch $@ $(VENV)/.sandbox
