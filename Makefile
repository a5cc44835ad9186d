# contraflow: everything a newcomer needs is `make run` and `make test`; both set up .venv by themselves.
# Another interpreter: make setup PYTHON=python3.12

PYTHON ?= python3
REPORT ?= reports/latest

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help setup run test check fit validate bench clean
.DELETE_ON_ERROR:

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.stamp ## Create .venv and install the project with its development tools

# An environment that python3 could only half build (Debian and Ubuntu ship venv apart) is removed again, so that
# the next `make setup` starts clean.
$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "contraflow needs Python 3.11 or later. Name one: make setup PYTHON=python3.11" >&2; exit 1; }
	@echo "Creating .venv with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv .venv || { rm -rf .venv; \
		echo "Python cannot create virtual environments here. On Debian and Ubuntu, install the package" \
			"python3-venv (sudo apt install python3-venv), then run make again." >&2; exit 1; }

.venv/.stamp: pyproject.toml constraints.txt | $(BIN)/pip
	@echo "Installing contraflow and its tools into .venv: about 1 GB on disk, a minute or two"
	@$(PIP) install --constraint constraints.txt --editable '.[dev]'
	@touch $@
	@echo "Installed. Try: $(BIN)/contraflow --help"

run: .venv/.stamp ## Write the study as a report to reports/latest
	$(BIN)/contraflow study --out $(REPORT)

test: .venv/.stamp ## Lint, types, import layers, tests
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/pytest -n 2

check: .venv/.stamp ## Check the model itself: assembly, units, evidence, ledgers
	$(BIN)/contraflow check

fit: .venv/.stamp ## Fit the model again and replace the shipped posterior (long)
	$(BIN)/contraflow fit

validate: .venv/.stamp ## Run what is missing or stale of the validation and store it (very long; goes on where it stopped)
	$(BIN)/contraflow validate --all

bench: .venv/.stamp ## Install the tools to compare with, and measure (about ten minutes)
	@echo "Installing Numba, diffrax, PySD and EMA Workbench into .venv"
	@$(PIP) install --quiet --constraint constraints.txt --editable '.[bench]'
	$(BIN)/contraflow bench --out reports/bench.json

clean: ## Remove the environment, caches and the latest report
	rm -rf .venv $(REPORT) dist build .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
