# The commands of this repository. `make help` lists them.
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready

# Modules are compiled once and kept, for every process that is started from here: servers, daemons, test workers.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup run test lint compiled check prove bench docs pictures clean

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | sort

$(STAMP): pyproject.toml constraints.txt tools/setup.sh
	PYTHON=$(PYTHON) bash tools/setup.sh $(VENV)
	@touch $(STAMP)

setup: $(STAMP) ## create .venv with the pinned dependencies

run: $(STAMP) ## the sample archive, live, on http://127.0.0.1:$(PORT)
	$(BIN)/custody demo --port $(PORT)

check: $(STAMP) ## the fast half: lint, types, imports, unit tests
	@$(MAKE) --no-print-directory lint
	$(BIN)/pytest -q -m "not browser and not process and not prove" -n 2

test: $(STAMP) ## everything, a quarter of an hour on two slow cores
	bash tools/debian_packages.sh
	bash tools/pyscard.sh $(VENV)
	@$(MAKE) --no-print-directory -j2 lint compiled
	$(BIN)/pytest -n 5 --dist loadfile --no-loadscope-reorder

lint: $(STAMP) ## style, types, and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# What the workers would otherwise each compile for themselves. Tests that cannot be collected are said by their run.
compiled: $(STAMP)
	@$(BIN)/pytest --collect-only -qq >/dev/null 2>&1 || true

prove: $(STAMP) ## the long proofs, seeded; results in docs/reference/proof.md
	CUSTODY_PROVE=whole $(BIN)/pytest -m prove -n 0 --timeout 7200
	CUSTODY_PROVE=whole $(BIN)/pytest tests/journeys tests/web/shell/test_in_the_browser.py -n 2 --dist loadfile

bench: $(STAMP) ## the figures, as ratios within one run
	$(BIN)/python -m bench

docs: $(STAMP) ## regenerate docs/reference and the README's picture
	$(BIN)/python -m tools.make_docs

pictures: $(STAMP) ## the pictures of docs/how-to, by walking the journeys
	$(BIN)/python -m tools.make_pictures

clean: ## remove what the commands made
	rm -rf $(VENV) .demo .mypy_cache .ruff_cache .hypothesis .bench .proof
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
