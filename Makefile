# The commands of this repository. `make help` lists them.
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready

.PHONY: help setup run test check prove bench docs pictures clean

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | sort

$(STAMP): pyproject.toml constraints.txt tools/setup.sh
	PYTHON=$(PYTHON) bash tools/setup.sh $(VENV)
	@touch $(STAMP)

setup: $(STAMP) ## create .venv with the pinned dependencies

run: $(STAMP) ## the sample archive, live, on http://127.0.0.1:$(PORT)
	$(BIN)/custody demo --port $(PORT)

check: $(STAMP) ## the fast half: lint, types, imports, unit tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q -m "not browser and not process and not prove" -n 2

test: $(STAMP) ## everything, a quarter of an hour on two slow cores
	bash tools/debian_packages.sh
	bash tools/pyscard.sh $(VENV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n 5 --dist loadfile --no-loadscope-reorder

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
