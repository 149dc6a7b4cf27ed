# Handschlag: the commands of the project. `make help` lists them.

PYTHON ?= python3
PORT ?= 8000
DATA_DIR ?= var
COMPANIES ?= 3000 30000

VENV := .venv
BIN := $(VENV)/bin
export DATA_DIR PORT

.DEFAULT_GOAL := help
.PHONY: help run test test-nightly lint format lock translate evaluate benchmark \
	dask-demo screenshots vendor clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

run: $(VENV)/.service ## install, migrate, fill a demo association and serve it on PORT
	@$(BIN)/python -m tools.run

test: $(VENV)/.tests ## install what tests need (Chromium, PostgreSQL) and run them all
	@tools/need-chromium
	$(BIN)/pytest -n auto --dist loadgroup $(TESTS)

test-nightly: $(VENV)/.tests ## the same with the large counts of faults and attacks
	@tools/need-chromium
	HANDSCHLAG_NIGHTLY=1 $(BIN)/pytest -n auto --dist loadgroup $(TESTS)

lint: $(VENV)/.tests ## check style, types and templates
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/djlint app/templates --lint --quiet

format: $(VENV)/.tests ## bring code into the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

evaluate: $(VENV)/.tests ## print matching quality beside its peers
	$(BIN)/python -m matching.evaluation.report

benchmark: $(VENV)/.tests ## print matching speed beside its peers, COMPANIES="3000 30000"
	$(BIN)/python -m matching benchmark --companies $(COMPANIES) --peers

dask-demo: $(VENV)/.service ## one round on a cluster of two workers, one of them killed
	$(BIN)/python -m matching.cluster demo

translate: $(VENV)/.tests ## collect texts, compile the English ones, renew the table of docs/privacy.md
	$(BIN)/python -m tools.translate
	$(BIN)/python -m tools.keeping

screenshots: $(VENV)/.tests ## take the pictures in docs/ from a running demo
	@tools/need-chromium
	$(BIN)/python -m tools.pictures

vendor: ## fetch the style sheets and scripts of others again (needs Node)
	npm ci --ignore-scripts
	$(PYTHON) tools/vendor.py

lock: $(VENV)/.tests ## resolve the requirements anew, with hashes and without addresses
	echo uv | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header --no-annotate --upgrade - -o tools/uv.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header --upgrade requirements.in -o requirements.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header --upgrade requirements-dev.in -o requirements-dev.txt

clean: ## remove what make installed and the demo data in DATA_DIR
	rm -rf $(VENV) $(DATA_DIR) build node_modules

$(VENV)/.service: requirements.txt
	@tools/make-venv $(PYTHON) $(VENV)
	@echo "Installing what the service needs (under a minute) ..."
	@tools/install $(VENV) requirements.txt
	@touch $@

$(VENV)/.tests: $(VENV)/.service requirements-dev.txt
	@echo "Installing what the tests need ..."
	@tools/install $(VENV) requirements-dev.txt
	@touch $@
