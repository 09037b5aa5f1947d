# Everything from an empty machine: `make repro` rebuilds every result, `make test` runs every test.
# Both make the virtual environment first, and take seconds when nothing changed.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
# DVC starts the stages with the environment's own python.
RUN := PATH="$(CURDIR)/$(BIN):$$PATH"

.PHONY: repro quick test check format lock readme clean

repro: $(READY) ## rebuild every result that is out of date
	$(RUN) dvc repro

quick: $(READY) ## rehearse the whole chain on few texts, apart from the results: a first report in minutes
	$(RUN) decortique quick

test: $(READY) ## run all tests
	$(RUN) python -m pytest --numprocesses logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder

check: $(READY) ## lint, formatting, types, layers of rooms
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY) ## mend what can be mended by a machine
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

readme: $(READY) ## write the tables, pictures and drawing of the pages from data/results/, data/plots/ and dvc.yaml
	$(BIN)/python -m tools.readme_results

lock: ## pin anew the newest versions that pyproject.toml allows
	$(PYTHON) -m tools.lock

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	touch $@

clean: ## remove the environment and the caches of tools, not the results
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache build *.egg-info
