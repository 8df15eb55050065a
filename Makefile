# Everything a newcomer needs: `make demo` and `make test`. Each sets up what it uses.
UV_VERSION := 0.13.9
PYTHON ?= python3.11
BIN := .venv/bin
PEER_ENV ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/kinlink/peers
PACKAGES := schemas validation parties linkage flows
export PYTHONDONTWRITEBYTECODE =
export DO_NOT_TRACK = 1

.PHONY: setup demo test check slow-test prove lock removals quality peers weights clean help

help:  ## Say what each target does
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

setup: .venv/.stamp  ## Make .venv from the hash-pinned lock (again only when the lock changes)

.venv/.stamp: requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Kinlink needs Python 3.11: install it, or name it with PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(BIN)/uv pip sync --python $(BIN)/python --quiet --require-hashes --compile-bytecode requirements.lock
	$(BIN)/uv pip install --python $(BIN)/python --quiet --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q $(PACKAGES)
	@$(BIN)/python -W ignore -m flows.warm
	@touch .venv/.stamp

lock:  ## Compile requirements.lock again from pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(BIN)/uv pip compile pyproject.toml --group dev --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-annotate --no-header --quiet -o requirements.lock

demo: setup  ## Run a whole round on an invented population; options in ARGS="--people 5000 --keep"
	@$(BIN)/kinlink demo $(ARGS)

test: setup  ## Run the tests that take under two minutes
	@$(BIN)/pytest -m "not demo and not slow" -n auto --dist loadfile $(ARGS)

check: setup  ## Run the static checks: lint, format, types, imports, lock
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@! grep -n '://' requirements.lock || { echo "requirements.lock names a host"; exit 1; }
	@! git ls-files --stage | grep '^120000' || { echo "a symbolic link is tracked: it points nowhere on another machine"; exit 1; }

slow-test: setup  ## Run the tests that need a demo of their own or many rounds (about ten minutes)
	@$(BIN)/pytest -m slow -n auto --dist loadfile $(ARGS)
	@$(BIN)/pytest -m demo $(ARGS)

prove: setup  ## Run everything at full counts and print each target with its figure
	@KINLINK_PROVE=1 KINLINK_FAIL_ON_SKIP=1 $(BIN)/pytest -m "not demo" -n auto --dist loadfile $(ARGS)
	@KINLINK_PROVE=1 KINLINK_FAIL_ON_SKIP=1 $(BIN)/pytest -m demo $(ARGS)

removals: setup  ## Take each protection of SECURITY.md away in turn; its tests must fail (ARGS="--without-demo" is quicker)
	@$(BIN)/python -m tests.removals $(ARGS)

quality: setup $(if $(PEERS),peers)  ## Evaluate on labelled files: DATA=DIR holding NAME_a.parquet and NAME_b.parquet; PEERS=1 for Splink beside
	@for left in $(DATA)/*_a.parquet; do \
		right=$${left%_a.parquet}_b.parquet; \
		echo "$$(basename $${left%_a.parquet}): $$($(BIN)/kinlink evaluate $$left $$right --json 2>/dev/null)"; \
		test -z "$(PEERS)" || echo "$$(basename $${left%_a.parquet}): $$(PYTHONPATH=. $(PEER_ENV)/bin/python tests/peers/splink_peer.py $$left $$right)"; \
	done

peers: $(PEER_ENV)/.stamp

$(PEER_ENV)/.stamp: tests/peers/requirements.txt
	$(PYTHON) -m venv $(PEER_ENV)
	$(PEER_ENV)/bin/pip install --quiet --disable-pip-version-check -r tests/peers/requirements.txt
	@touch $@

weights: setup  ## Count the second look's model again, on invented populations
	@$(BIN)/python -W ignore -m flows.calibrate_evidence

clean:  ## Remove what setup and the demo made
	rm -rf .venv demo-out
