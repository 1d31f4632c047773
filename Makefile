# Needs Python 3.11 or newer and nothing else: every target makes the environment that it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOUNDS ?=
CAMPAIGN ?=

.PHONY: demo ui test test-browsers campaign lint docs page ort-web clean

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
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder --durations 25 --durations-min 5

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

# For the test of the ONNX player in a browser: 33 MB of npm, of which three files stay.
ORT_WEB := build/onnxruntime-web
ORT_WEB_FILES := ort.wasm.min.js ort-wasm-simd-threaded.mjs ort-wasm-simd-threaded.wasm

ort-web:
	rm -rf $(ORT_WEB) && mkdir -p $(ORT_WEB)
	cd $(ORT_WEB) && npm pack --silent onnxruntime-web@1.30.0
	tar -xzf $(ORT_WEB)/*.tgz -C $(ORT_WEB) --strip-components=2 $(addprefix package/dist/,$(ORT_WEB_FILES))
	rm $(ORT_WEB)/*.tgz

clean:
	rm -rf $(VENV) build web/node_modules
