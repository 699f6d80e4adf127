# Every target calls `setup` first, which costs nothing when it is up to date.
# PYTHON=python3.13 says which Python to make .venv with; else the machine's is found.
export PYTHON
VENV := .venv
BIN := $(VENV)/bin

# CHANGELOG.md is not wrapped anew: its lines are history.
DOCUMENTS := README.md CONTRIBUTING.md SECURITY.md docs
MDFORMAT := $(BIN)/mdformat --compact-tables

.PHONY: help setup run test test-fast check audit lock wheel soak steps fuzz peers bench screenshots pages-before pages \
	microsoft-model

help: ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: ## Make .venv with everything in it
	@.ci/setup

run: setup ## Run the demo on this machine; Ctrl-C stops it
	@$(BIN)/tenantkeep demo

test: check ## Check, and run every test
	@$(BIN)/python -m tests.prerequisites
	@$(BIN)/pytest -n 3 $(PYTEST_ARGS)

test-fast: check ## Check, and run the tests that take no minute
	@$(BIN)/pytest -q -n 2 -k 'not postgresql and not every_row and not test_demo and not test_wheel' tests/graph tests/db tests/test_*.py
	@echo "Left out: PostgreSQL, every reading with every budget, actors, pages, commands, faults, browser, demo, wheel. All of it: make test"

check: setup ## Format, lint, types and the house rules
	@$(BIN)/ruff format --check --quiet . || { echo "Not as ruff formats it. Run: $(BIN)/ruff format ."; exit 1; }
	@$(MDFORMAT) --check $(DOCUMENTS) >/dev/null 2>&1 || { echo "Not as mdformat wraps it. Run: $(MDFORMAT) $(DOCUMENTS)"; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/pytest -q tests/test_layers.py

audit: setup ## Ask the package index what is known against the pinned versions
	@test -x $(VENV)/audit/bin/pip-audit || ($(BIN)/python -m venv $(VENV)/audit && $(VENV)/audit/bin/pip install --quiet --disable-pip-version-check pip-audit==2.10.1)
	@$(VENV)/audit/bin/pip-audit --strict --no-deps --disable-pip --progress-spinner off --requirement constraints.txt

# Colorama is for Windows, where Tenantkeep does not run.
lock: setup ## Write requirements.lock anew: what constraints.txt pins, with the hashes of every file of it
	@test -x $(VENV)/lock/bin/uv || ($(BIN)/python -m venv $(VENV)/lock && $(VENV)/lock/bin/pip install --quiet --disable-pip-version-check uv==0.13.9)
	@$(VENV)/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --constraint constraints.txt \
		--extra postgres --extra local --group build --no-emit-index-url --no-emit-find-links --no-annotate \
		--no-emit-package colorama --custom-compile-command 'make lock' --output-file requirements.lock pyproject.toml

wheel: setup ## Build dist/tenantkeep-….whl
	@$(BIN)/pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .

soak: setup ## Faults at random moments of real work, on both engines: MINUTES=15 SOAK_ARGS="--seed 1"
	@$(BIN)/python -m tests.faults.soak --minutes $(or $(MINUTES),15) $(SOAK_ARGS)

steps: setup ## Any order of acts against a small model, on both engines: STEPS=20000 SEED=1
	@$(BIN)/pytest -q -n 2 tests/stateful --stateful-steps $(or $(STEPS),20000) --stateful-seed $(or $(SEED),1)

# In an environment of their own: 800 MB that neither the product nor its tests need.
PEERS := $(VENV)/peers
peers: setup ## Run IntuneCD and Microsoft's own SDK, unchanged, against the simulator
	@cmp -s tests/peers/requirements.txt $(PEERS)/.installed || ($(BIN)/python -m venv $(PEERS) \
		&& $(PEERS)/bin/pip install --quiet --disable-pip-version-check --requirement tests/peers/requirements.txt \
		&& cp tests/peers/requirements.txt $(PEERS)/.installed)
	@$(BIN)/pytest -q tests/peers/intunecd.py tests/peers/sdk.py

bench: setup ## Print the figures that docs/benchmarks.md quotes
	@$(BIN)/python -m bench

screenshots: setup ## Render every page into docs/screenshots/all
	@$(BIN)/python -m tests.screenshots

# In var/pages: the data of a demo, once; then the pages as they are drawn before (make pages-before) and now.
PAGES := var/pages
pages-before: setup ## Render every page, to compare with later
	@test -e $(PAGES)/data/tour.json || $(BIN)/python -m tests.tools.page_comparison demo $(PAGES)/data
	@$(BIN)/python -m tests.tools.page_comparison render $(PAGES)/data $(PAGES)/before

pages: setup ## Render every page again, and print what differs but for white space
	@$(BIN)/python -m tests.tools.page_comparison render $(PAGES)/data $(PAGES)/now
	@$(BIN)/python -m tests.tools.page_comparison compare $(PAGES)/before $(PAGES)/now

# Not one of our dependencies: 50 MB of Microsoft's generated Python, read as text and never run.
MODEL := msgraph-beta-sdk==1.66.0
microsoft-model: setup ## Draw graph/microsoft anew from Microsoft's package
	@$(BIN)/pip download --quiet --disable-pip-version-check --no-deps --dest $(VENV)/model $(MODEL)
	@$(BIN)/python -m graph.microsoft.draw $(VENV)/model/*.whl

fuzz: setup ## Send hostile requests to every address and form; FUZZ="--requests N --seed S"
	@$(BIN)/python -m tests.fuzz $(FUZZ)
