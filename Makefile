# Needs Python 3.11 or newer and nothing else: every target makes the environment that it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOUNDS ?=
CAMPAIGN ?=

.PHONY: demo ui test test-browsers campaign lint docs page clean

$(VENV)/ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Distill needs Python 3.11 or newer: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: $(VENV)/ready
	$(BIN)/python demo.py $(if $(SOUNDS),--sounds "$(SOUNDS)")

ui: $(VENV)/ready
	$(BIN)/distill ui $(if $(SOUNDS),"$(SOUNDS)")

test: $(VENV)/ready
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --durations 25 --durations-min 5

# A smoke test in Firefox and WebKit, which it needs on the system (CONTRIBUTING.md names them).
test-browsers: $(VENV)/ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,browsers]'
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/page -m other_browsers

campaign: $(VENV)/ready
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.campaign $(CAMPAIGN)

lint: $(VENV)/ready
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

docs: $(VENV)/ready
	$(BIN)/python docs/build_cli_reference.py
	$(BIN)/python docs/build_python_reference.py
	$(BIN)/python docs/build_python_reference.py

# The page of `distill ui`: needs Node 20 or newer, and only after a change in web/.
page:
	cd web && npm ci --no-audit --no-fund --loglevel=error
	cd web && npm run --silent check
	cd web && npm test --silent
	cd web && npm run --silent build

clean:
	rm -rf $(VENV) web/node_modules
