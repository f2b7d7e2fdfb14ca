# Two commands are enough: `make run` and `make test`.
SHELL := /bin/bash
SWIFT ?= swift
CONFIG ?= gateway.yaml

.PHONY: run stock test build deps format bench

# Installs what is missing, builds a release, and serves gateway.yaml with the example plugins.
run: build
	exec .build/release/gateway run $(CONFIG)

# The stand-in back end of the example's proxied route.
stock: build
	exec .build/release/gateway run Plugins/Bookshop/stock.yaml

build: deps
	$(SWIFT) build -c release

# Installs what is missing, builds, and runs every test.
test: deps
	scripts/install-test-packages
	$(SWIFT) build --build-tests
	$(SWIFT) test --skip-build

deps:
	scripts/install-packages

format:
	$(SWIFT) format format --in-place --recursive Sources Plugins Tests Package.swift

bench: build
	Benchmarks/run
