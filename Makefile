# The two commands of the README are `make run` and `make test`; `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help
CARGO ?= cargo
# Ports of `make run`; override on the command line when one is taken: make run SIP_PORT=5070
SIP_PORT ?= 5060
WEB_PORT ?= 8080
RTP_PORTS ?= 20000-29999
DATA ?= data
TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)

.PHONY: help run pages test-pages screenshots board-memory test test-all bench audit lint tools prompts clean

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: ## build, load the demo data and answer calls on this machine
	@scripts/need-rust
	@$(MAKE) --no-print-directory pages || echo 'the pages were not built; everything else works without them'
	$(CARGO) build --release --bin hotline
	@HOTLINE__SIP__UDP='["0.0.0.0:$(SIP_PORT)"]' HOTLINE__SIP__TCP='["0.0.0.0:$(SIP_PORT)"]' \
	 HOTLINE__WEB__LISTEN='127.0.0.1:$(WEB_PORT)' HOTLINE__MEDIA__PORTS='$(RTP_PORTS)' \
	 $(TARGET_DIR)/release/hotline serve --demo-data --data-dir '$(DATA)'

pages: ## the pages, into web/dist; without npm the engine says at their addresses how to build them
	@scripts/need-npm; case $$? in 0) cd web && npm run --silent build ;; 75) echo 'the pages are left out' ;; *) exit 1 ;; esac

test-pages: ## the pages' own tests; `cargo test --test it pages::` tries them in a real browser
	@scripts/need-npm; case $$? in 0) cd web && npm test --silent ;; 75) echo 'skipped: the tests of the pages, for the reason above' ;; *) exit 1 ;; esac

SHOTS ?= $(TARGET_DIR)/screenshots
screenshots: pages ## pictures of every page (light, dark, Russian, English), and what axe finds on them: nothing
	$(CARGO) build --bin hotline
	cd web && node test/screenshots.mjs '$(abspath $(TARGET_DIR))/debug/hotline' '$(abspath $(SHOTS))'

board-memory: pages ## a board held open for ten minutes over the demo: its memory after one and after ten
	$(CARGO) build --bin hotline
	cd web && node test/memory.mjs '$(abspath $(TARGET_DIR))/debug/hotline'

test: tools pages lint test-pages ## everything that a merge has to pass
	$(CARGO) test --profile ci --all-targets
	$(CARGO) test --profile ci --doc

test-all: tools pages lint ## the same with many more seeds, a million mutated SIP messages, a million walks through flows, and every route of the API fuzzed
	HOTLINE_SEEDS=10000 HOTLINE_FUZZ=1000000 HOTLINE_WALKS=1000000 $(CARGO) test --profile ci --all-targets
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
