# Every target sets up what it needs; a fresh clone, Python >= 3.11 and PyPI are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help demo experiment browser screenshots test check fix bench docs pages pandas proto notebooks clean

help: ## show this help
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.demo ## run a notebook, export its Handler, run the script on a captured session
	@$(BIN)/python notebooks/demo.py build/demo

experiment: $(VENV)/.demo ## options from a TICKscript: live data, record, replay, log; with Kapacitor where it is
	@$(BIN)/python notebooks/experiment/run.py build/experiment

browser: $(VENV)/.browser ## JupyterLab in a headless Chromium, which must be there
	$(BIN)/python -m pytest tests/browser

screenshots: $(VENV)/.browser ## take the pictures of the documentation anew, from the running thing
	KAPNB_UPDATE=1 $(BIN)/python -m pytest tests/browser/test_screenshots.py

test: $(VENV)/.dev ## the whole default test suite, notebooks included
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder tests
	$(BIN)/python -m pytest -n 2 --dist loadfile --nbval --nbval-current-env \
		--nbval-sanitize-with notebooks/versions.cfg notebooks

check: $(VENV)/.dev ## lint, types, import contracts, spelling
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy tests/typing/public.py
	$(BIN)/lint-imports
	$(BIN)/codespell

fix: $(VENV)/.dev ## format, and mend what a linter can
	$(BIN)/ruff check --fix --exit-zero .
	$(BIN)/ruff format .

bench: $(VENV)/.dev ## benchmarks; ratios within one run, not absolute figures
	env -u PYTHONUNBUFFERED -u PYTHONDONTWRITEBYTECODE $(BIN)/python benchmarks/agents.py
	env -u PYTHONUNBUFFERED -u PYTHONDONTWRITEBYTECODE $(BIN)/python benchmarks/live.py
	env -u PYTHONUNBUFFERED -u PYTHONDONTWRITEBYTECODE $(BIN)/python benchmarks/memory.py
	env -u PYTHONUNBUFFERED -u PYTHONDONTWRITEBYTECODE $(BIN)/python benchmarks/nodes.py
	env -u PYTHONUNBUFFERED -u PYTHONDONTWRITEBYTECODE $(BIN)/python benchmarks/simulation.py
	env -u PYTHONUNBUFFERED -u PYTHONDONTWRITEBYTECODE $(BIN)/python benchmarks/timemachine.py
	env -u PYTHONUNBUFFERED -u PYTHONDONTWRITEBYTECODE $(BIN)/python benchmarks/whatif.py

docs: $(VENV)/.site ## build the documentation site into build/docs; warnings are errors
	$(BIN)/python -m sphinx -b html -c docs -d build/doctrees -E -a -j 2 -W --keep-going -q . build/docs
	@echo "build/docs/index.html"

pages: $(VENV)/.dev ## write anew what is generated and committed under docs
	KAPNB_UPDATE=1 $(BIN)/python -m pytest -q tests/docs/test_generated.py

pandas: build/pandas2/.ready ## what knows DataFrames, on pandas 2.2 in an environment of its own
	build/pandas2/bin/python -m pytest -n 2 tests/handler tests/sources tests/simulation tests/notebook \
		tests/faults tests/model tests/timemachine tests/whatif tests/test_progress.py

proto: $(VENV)/.dev ## turn proto/udf.proto into the embedded descriptor
	$(BIN)/python proto/generate.py

notebooks: $(VENV)/.dev ## run the notebooks and keep their fresh outputs
	$(BIN)/python notebooks/refresh.py

clean: ## remove what the other targets made
	rm -rf build dist docs/reference $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "kapnb needs Python 3.11 or newer; say which: make PYTHON=python3.12 …" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) --editable '.[notebook,export]'
	@touch $@

$(VENV)/.site: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) --editable '.[notebook,live,parquet,influxdb,export,test,site]'
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) --editable '.[dev]'
	@touch $@ $(VENV)/.demo

$(VENV)/.browser: $(VENV)/.dev
	$(PIP) --editable '.[browser]'
	@touch $@

# All pins but that of pandas.
build/pandas2/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv build/pandas2
	sed 's/^pandas==.*/pandas==2.2.3/' constraints.txt > build/constraints-pandas2.txt
	build/pandas2/bin/python -m pip --disable-pip-version-check install --quiet \
		--constraint build/constraints-pandas2.txt \
		--editable '.[notebook,live,parquet,influxdb,export,test]' nbconvert papermill
	@touch $@
