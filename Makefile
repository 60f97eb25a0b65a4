# `make run` on a fresh clone is all it takes; `make help` lists the rest.
SHELL := /bin/sh
BIN := .venv/bin
JOBS ?= 2
.DEFAULT_GOAL := help
.PHONY: help run test check nightly setup setup-dev

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1	/p' $(MAKEFILE_LIST)

run: setup  ## set up what is missing, then run the demo city until Ctrl-C
	@exec $(BIN)/gridcase run

test: setup-dev check  ## set up what is missing, then all checks

check:  ## all checks, without set-up
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n $(JOBS) -m "not slow" $(PYTEST_ARGS)

nightly: setup-dev  ## the long tests
	$(BIN)/pytest -m slow $(PYTEST_ARGS)

setup:
	@deploy/setup.sh run
	@$(BIN)/gridcase db install

setup-dev:
	@deploy/setup.sh dev
	@$(BIN)/gridcase db install
