# Two commands matter: `make demo` and `make test`. Each sets up all it needs in .venv.
PYTHON ?= python3
PIP_FLAGS ?=
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_FLAGS) -c constraints.txt
SOURCES := pyproject.toml client/pyproject.toml constraints.txt

.PHONY: help demo test test-all check docs fmt bench migrate up clean setup setup-test browser arm
help:
	@echo "make demo              a real study on real data, in minutes (DEMO_EXIT=1: end by itself)"
	@echo "make test              every test but the slow ones and those of boards;  make test-all: those too"
	@echo "make check             lint, types, import contracts;  make fmt: format"
	@echo "make bench NAME=x      run benchmarks/x.py;            make migrate: upgrade the database"
	@echo "make docs              the documentation, into site/"
	@echo "make up                server with keys (.env), worker; make clean: remove what was made"

.venv/installed: $(SOURCES)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "Python 3.11 or newer is needed, $(PYTHON) is not: make $(or $(MAKECMDGOALS),setup) PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "venv is missing: sudo apt-get install python3-venv"; exit 1; }
	@echo "Installing into .venv (once, a few minutes) ..."
	@# torch first and alone: asked for by another package, pip may take a build of several GB.
	@$(PIP) "$$(grep '^torch==' constraints.txt)"
	@$(PIP) -e client -e '.[all]'
	@touch $@

.venv/installed-test: .venv/installed
	@$(PIP) -e client -e '.[all,test,docs]'
	@touch $@

.venv/installed-bench: .venv/installed-test
	@$(PIP) -e client -e '.[all,test,docs,bench]'
	@touch $@

setup: .venv/installed
setup-test: .venv/installed-test

demo: setup
	@$(BIN)/tinyfront-server demo $(DEMO_FLAGS)

browser:
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && \
	  { apt-get install -y -qq --no-install-recommends chromium >/dev/null 2>&1 || \
	    { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null; }; } ; } || \
	  { echo "The page's tests need a browser: sudo apt-get install -y chromium"; exit 1; }

# Compiler and emulator of the boards: half a gigabyte, so only the long run asks for it.
arm:
	@{ command -v arm-none-eabi-gcc && command -v qemu-system-arm; } >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && \
	  { apt-get install -y -qq --no-install-recommends gcc-arm-none-eabi qemu-system-arm >/dev/null 2>&1 || \
	    { apt-get update -qq && apt-get install -y -qq --no-install-recommends gcc-arm-none-eabi qemu-system-arm >/dev/null; }; } ; } || \
	  { echo "Tests of the boards need: sudo apt-get install -y --no-install-recommends gcc-arm-none-eabi qemu-system-arm"; exit 1; }

# Tests start hundreds of processes, and each would compile our sources anew.
test test-all: export PYTHONDONTWRITEBYTECODE =

test: setup-test browser
	@$(BIN)/python -m pytest -n 2 --dist loadgroup -q $(TEST_FLAGS)

test-all: setup-test browser arm
	@$(BIN)/python -m pytest -n 2 --dist loadgroup -q -m "" $(TEST_FLAGS)

check: setup-test
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

fmt: setup-test
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

# Strict: a link that leads nowhere ends it. The pictures are drawn anew by the code they show.
docs: setup-test
	@$(BIN)/python -m docs.pictures
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet --clean
	@echo "site/index.html"

bench: .venv/installed-bench
	@test -n "$(NAME)" || { echo "Which one? make bench NAME=x, where x is one of:"; \
	  ls benchmarks/*.py | sed -n 's#benchmarks/\(.*\)\.py#  \1#p' | grep -v -E '__init__|lines|pairs|pools|provenance|record|sample_graphs'; exit 2; }
	@$(BIN)/python -m benchmarks.$(NAME)

migrate: setup
	@$(BIN)/tinyfront-server db upgrade

# Keys of this machine's server, made once; also read by docker compose.
.env: | .venv/installed
	@$(BIN)/tinyfront-server keys env $@

up: setup .env
	@echo "Sign in on the page with TINYFRONT_BOOTSTRAP_ADMIN_KEY of the file .env."
	@set -a; . ./.env; set +a; exec $(BIN)/tinyfront-server serve --with-worker

clean:
	rm -rf .venv .demo dist site .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
