# The two commands of the README are `make run` and `make test`; `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help
CARGO ?= cargo
# Ports of `make run`; override on the command line when one is taken: make run SIP_PORT=5070
SIP_PORT ?= 5060
WEB_PORT ?= 8080
RTP_PORTS ?= 20000-29999
DATA ?= data
# Only when the lock file is newer than what was installed from it.
NPM_CI := { [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --no-audit --no-fund --silent; }
TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)

.PHONY: help run pages test-pages test test-all bench audit lint tools prompts clean

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: ## build, load the demo data and answer calls on this machine
	@scripts/need-rust
	@$(MAKE) --no-print-directory pages || echo 'the desk was not built; everything else works without it'
	$(CARGO) build --release --bin hotline
	@HOTLINE__SIP__UDP='["0.0.0.0:$(SIP_PORT)"]' HOTLINE__SIP__TCP='["0.0.0.0:$(SIP_PORT)"]' \
	 HOTLINE__WEB__LISTEN='127.0.0.1:$(WEB_PORT)' HOTLINE__MEDIA__PORTS='$(RTP_PORTS)' \
	 $(TARGET_DIR)/release/hotline serve --demo-data --data-dir '$(DATA)'

pages: ## the operators' desk, into web/dist; without npm the engine says on /desk how to build it
	@if command -v npm >/dev/null; then cd web && $(NPM_CI) && npm run --silent build; \
	 else echo 'npm is not here: the desk is left out (Node 20.19 or later builds it)'; fi

test-pages: ## the desk's own tests
	@if ! command -v npm >/dev/null; then echo 'skipped: the tests of the desk, for npm is not here'; \
	 elif ! (cd web && $(NPM_CI)); then echo 'skipped: the tests of the desk, for npm ci failed in web/'; \
	 else cd web && npm test --silent; fi

test: tools lint test-pages ## everything that a merge has to pass
	$(CARGO) test --profile ci --all-targets
	$(CARGO) test --profile ci --doc

test-all: tools lint ## the same with many more seeds, a million mutated SIP messages, and every route of the API fuzzed
	HOTLINE_SEEDS=10000 HOTLINE_FUZZ=1000000 $(CARGO) test --profile ci --all-targets
	$(CARGO) build --profile ci --bin hotline
	scripts/fuzz-api $(TARGET_DIR)/ci/hotline 200

lint:
	$(CARGO) fmt --check
	$(CARGO) clippy --profile ci --all-targets -- -D warnings

bench: ## capacity on loopback (server on one core, callers on the other) and micro-benchmarks
	$(CARGO) build --release --bin hotline
	$(CARGO) bench
	scripts/bench $(TARGET_DIR)/release/hotline

audit: ## licences, advisories and sources of the dependencies
	$(CARGO) deny check
	$(CARGO) audit

prompts: ## make the recordings of new or changed texts
	$(CARGO) run --release --bin hotline -- prompts build

tools: ## the peers that tests talk to (SIPp, baresip, …), where they may be installed
	@scripts/need-tools

clean:
	$(CARGO) clean
