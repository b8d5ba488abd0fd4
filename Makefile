# The front door. `make help` lists what can be done.
SHELL := /bin/bash
.DEFAULT_GOAL := help

MVN ?= $(if $(shell command -v mvn),mvn,./mvnw) -B -ntp
NATIVE := gateway-native/build
NATIVE_SANITIZED := gateway-native/build-asan
SHELL_FILES = dyetrace .ci/run scripts/setup scripts/lint $(shell find . -name '*.sh' -not -path '*/target/*' -not -path '*/build*/*')
C_FILES = $(shell find gateway-native/src -name '*.[ch]')

.PHONY: help
help: ## lists the targets
	@echo 'Dyetrace: make TARGET'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-19s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## installs what the machine lacks (Debian packages, the ClickHouse engine)
	@scripts/setup

.PHONY: build
build: setup native ## builds everything, runs no test
	$(MVN) install -DskipTests -Dspotless.check.skip -Dcheckstyle.skip

.PHONY: native
native:
	@[ -f $(NATIVE)/build.ninja ] || meson setup $(NATIVE) gateway-native
	meson compile -C $(NATIVE)

.PHONY: demo
demo: build ## builds, then shows the whole story on real packets
	./dyetrace demo $(DEMO_ARGS)

.PHONY: test
test: export REQUIRE_ALL := 1
test: build test-native fuzz lint-files ## every test, the checks, and one demonstration: what CI runs
	$(MVN) verify
	./dyetrace demo --json

.PHONY: test-native
test-native: native ## the C unit tests, also with the address and undefined-behaviour sanitizers
	meson test -C $(NATIVE) --print-errorlogs
	@[ -f $(NATIVE_SANITIZED)/build.ninja ] || meson setup $(NATIVE_SANITIZED) gateway-native \
		-Dbuildtype=debugoptimized -Db_sanitize=address,undefined -Db_lundef=false
	meson test -C $(NATIVE_SANITIZED) --print-errorlogs --timeout-multiplier 4

.PHONY: fuzz
fuzz: ## fuzzes the gateway's packet code and requests for FUZZ_SECONDS in all (60)
	gateway-native/fuzz.sh $(or $(FUZZ_SECONDS),60)

.PHONY: soak
soak: export REQUIRE_ALL := 1
soak: native ## ten minutes of traffic through the gateway while its configuration changes as fast as it can
	SOAK_SECONDS=$(or $(SOAK_SECONDS),300) meson test -C $(NATIVE) --suite soak --timeout-multiplier 0 --verbose

.PHONY: acceptance
acceptance: build ## ten demonstrations, the quiet run, the kill tests, the soak, an hour of fuzzing; writes benchmarks/results/
	lab/acceptance.sh
	$(MAKE) soak
	$(MAKE) fuzz FUZZ_SECONDS=3600

.PHONY: bench
bench: build ## measures the colour and the detection with JMH; writes benchmarks/results/
	benchmarks/run.sh

.PHONY: bench-gateway
bench-gateway: build ## measures what a packet costs the gateway, case by case; writes benchmarks/results/gateway.md and gateway.json
	benchmarks/gateway.sh

.PHONY: bench-analytics
bench-analytics: build ## drives the whole Flink job in memory: records per CPU-second, state, latency; writes benchmarks/results/analytics.md and analytics.json
	benchmarks/analytics.sh $(BENCH_ARGS)

.PHONY: bench-localization
bench-localization: ## measures localization beside published methods; writes benchmarks/results/ (needs make build)
	benchmarks/localization.sh $(BENCH_ARGS)

.PHONY: campaign
campaign: ## labelled faults and quiet days, simulated, through the job's operators; writes benchmarks/results/ (needs make build)
	benchmarks/campaign.sh $(CAMPAIGN_ARGS)

.PHONY: lab-campaign
lab-campaign: build ## labelled faults on real packets in the lab, about 20 minutes; writes benchmarks/results/ (root)
	benchmarks/lab-campaign.sh $(CAMPAIGN_ARGS)

.PHONY: lint
lint: lint-files ## formatting, static checks, generated files, shell scripts, links in the documentation
	$(MVN) -q verify -DskipTests

.PHONY: lint-files
lint-files:
	java common/src/main/registry/GenerateRegistry.java --check
	@scripts/lint $(SHELL_FILES) -- $(C_FILES)

.PHONY: format
format: ## formats Java and C
	$(MVN) -q spotless:apply
	clang-format -i $(C_FILES)

.PHONY: registry
registry: ## writes the files generated from common/src/main/registry
	java common/src/main/registry/GenerateRegistry.java

.PHONY: clean
clean: ## removes what was built and what fuzzing learned, keeps what setup fetched
	$(MVN) -q clean
	rm -rf $(NATIVE) $(NATIVE)-*
