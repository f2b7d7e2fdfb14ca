# Two commands are enough: `make run` and `make test`.
SHELL := /bin/bash
SWIFT ?= swift
CONFIG ?= gateway.yaml
# The interpreter of tests that compare with Python programs; scripts/install-test-packages makes this one.
export GATEWAY_PYTHON ?= $(CURDIR)/.build-python/bin/python

.PHONY: run stock test build deps format bench

# Installs what is missing, builds a release, and serves gateway.yaml with the example plugins.
run: build
	exec .build/release/gateway run $(CONFIG)

# The stand-in back end of the example's proxied route.
stock: build
	exec .build/release/gateway run Plugins/Bookshop/stock.yaml

# Exclusivity is checked at run time in debug builds, which is what the tests run; in a release build those checks cost
# a proxied request 28 % of its user instructions (39,100 with them, 28,200 without), most of it inside NIO's buffers.
#
# Optimisation across modules makes generic functions of the SDK out for the types of the plugin that calls them: a chain of
# ten dependencies costs 59,800 instructions with it, 65,500 without, a plain handler 1 % less.
#
# The macros are built first, in debug: a release build of swift-syntax alone takes longer than all the rest.
build: deps
	macros="$$(SWIFT='$(SWIFT)' scripts/build-macros)" && \
	GATEWAY_MACROS="$$macros" $(SWIFT) build -c release -Xswiftc -enforce-exclusivity=unchecked \
	-Xswiftc -cross-module-optimization

# Installs what is missing, builds, and runs every test.
test: deps
	scripts/install-test-packages
	$(SWIFT) build --build-tests
	$(SWIFT) test --skip-build
	# The same with every plugin in a process of its own; but for what is about crashes of the gateway, and about files.
	GATEWAY_TEST_ISOLATED=1 $(SWIFT) test --skip-build --filter EndToEndTests \
	--skip 'CrashTests|GenerationTests|SuperviseTests|DevelopTests|PluginTestTests|PluginNewTests|PluginInspectTests'

deps:
	scripts/install-packages

format:
	$(SWIFT) format format --in-place --recursive Sources Plugins Tests Package.swift

bench: build
	Benchmarks/run
