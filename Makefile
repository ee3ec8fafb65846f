# The front door. Everything real is in CMakeLists.txt and scripts/.
BUILD   ?= build
PROFILE ?= quick
ARGS    ?=
JOBS    ?= $(shell nproc)
N       ?= 00
PEERS   ?=

.PHONY: help bench build test test-deep charts report lesson lessons format clean
help:
	@echo "make bench            install what is missing, build, run the quick profile, charts, report  (PROFILE=standard ARGS='--workload pingpong')"
	@echo "make bench PEERS=1    also the reference runners: Go, Rust, C++ libraries (installs them)"
	@echo "make test             build and test, about 9 minutes     make test-deep   sanitizers, AArch64, 1,000 repeats"
	@echo "make charts|report    again, from results/latest          make lesson N=00 a class, end to end"
	@echo "make format           clang-format the C sources          make clean       remove the build"

bench: deps-bench build
	@$(BUILD)/bin/fiveways run --profile $(PROFILE) $(if $(filter 1,$(PEERS)),--peers) $(ARGS)

.PHONY: deps-bench deps-test deps-deep
deps-bench: ; @scripts/install-deps $(if $(filter 1,$(PEERS)),--peers)
deps-test:  ; @scripts/install-deps --test
deps-deep:  ; @scripts/install-deps --deep

build:
	@echo "building (log: $(BUILD).log)"
	@cmake -S . -B $(BUILD) $(CMAKE_ARGS) >$(BUILD).log 2>&1 || { cat $(BUILD).log; exit 1; }
	@cmake --build $(BUILD) -j $(JOBS) >>$(BUILD).log 2>&1 || { tail -n 60 $(BUILD).log; exit 1; }

test: deps-test build
	@scripts/test $(BUILD)

test-deep: deps-deep
	@scripts/test-deep

charts report: build
	@$(BUILD)/bin/fiveways report results/latest

lesson: deps-bench build
	@scripts/lesson $(N)
lessons:
	@ls -d lessons/[0-9]*

format:
	@git ls-files '*.c' '*.h' '*.cc' | xargs clang-format -i

clean:
	@rm -rf $(BUILD) $(BUILD).log build-*
