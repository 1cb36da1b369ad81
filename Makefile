# Two commands do everything, each setting itself up: `make conformance` and `make test`.
# PYTHON names the interpreter; each version gets a virtual environment of its own in .venv/.

PYTHON ?= python3
ARGS ?=
# The extra of pyproject.toml that is installed. CI installs less where it runs only the tests of the bindings.
INSTALL ?= test

# Byte-compiled when first imported: most of what is installed never is.
export PIP_COMPILE := no

# "3.12", "3.13t" without a GIL, or "pypy3.11": the folder of the virtual environment.
TAG := $(shell $(PYTHON) -c 'import sys, sysconfig; n = sys.implementation.name; \
	print(("" if n == "cpython" else n) + "%d.%d" % sys.version_info[:2] + \
	"t" * bool(sysconfig.get_config_var("Py_GIL_DISABLED")))' 2>/dev/null)
VENV := .venv/$(or $(TAG),none)
STAMP := $(VENV)/.installed-$(INSTALL)
VPYTHON := $(VENV)/bin/python

# What is compiled depends on these. The rest is used straight from the tree.
SOURCES := pyproject.toml $(wildcard fast_impl/core/*.[ch] fast_impl/core/platform/*.[ch]) \
	$(wildcard fast_impl/cpython/*.[ch] fast_impl/cffi/*.py) \
	$(wildcard fast_impl/flatbuffers/verifier/*.[ch]) \
	$(wildcard fast_impl/_build.py fast_impl/_sources.py fast_impl/native/*.in conformance/omnimailbox_pytest.py)

.PHONY: help conformance conformance-long mutation explore necessity sanitize aarch64 prove verify crosscheck \
	flatbuffers soak test test-all pythons packages wheel-model pages docs docs-serve docs-test implementations lab lint \
	types bench bench-check clean venv venv-all

help:
	@echo "make conformance       does fast_impl keep the rules? (options through ARGS=)"
	@echo "make conformance-long  the same for longer, with random programs"
	@echo "make mutation          mutation testing: some of the deliberate mistakes, each with its tool (all: ARGS=--all)"
	@echo "make explore           the core on every memory order that C11 allows, for small clients (more: ARGS=--full;"
	@echo "                       every client of up to N calls: ARGS='--calls N', see docs/verification.md)"
	@echo "make necessity         every atomic access, fence and wake of the core weakened, one at a time"
	@echo "make sanitize          the core under sanitizers and valgrind (some: ARGS=--quick; the bindings: ARGS=\"--python PATH\")"
	@echo "make aarch64           the core on another processor, emulated"
	@echo "make prove             the core's memory and arithmetic for every configuration, where CBMC is on the PATH"
	@echo "make verify            all of these in full"
	@echo "make crosscheck        the explorer's litmus tests through herd7 and GenMC, where they are on the PATH"
	@echo "make bench             how fast, beside its peers: table and plots into docs/ (a minute's worth: ARGS=--quick)"
	@echo "make bench-check       is it as fast as is asked, row by row? (one of them: ARGS='--only ROW')"
	@echo "make flatbuffers       the FlatBuffers verifier beside C++'s on 1,000,000 buffers, its time, and fuzzed"
	@echo "make soak              ten minutes of many channels under load, every message accounted for (see ARGS=--help)"
	@echo "make test              run the tests, two minutes of them (options through ARGS=); all of them: make test-all"
	@echo "make pythons           the bindings' tests and conformance on 3.11 to 3.15, free-threaded too (some: ARGS='3.14 3.15')"
	@echo "make packages          builds sdist and wheels and checks them: contents, sizes, the tests on what was installed"
	@echo "make wheel-model       a wheel of the model alone into dist/; not to be installed beside the other one"
	@echo "make pages             docs/api.md, docs/rules.md and the lab's pages, from docstrings, catalogue and exercises"
	@echo "make docs              the book into build/book; make docs-serve serves it, make docs-test tries it in a browser"
	@echo "make lab               broken models and cores to name and mend the rules of, graded (one: EXERCISE=1), docs/lab"
	@echo "make implementations   what the suite says of each implementation here, into docs/implementations/ (some: ARGS='--only model')"
	@echo "make lint, make types  ruff, import-linter (who may import whom), clang-format and clang-tidy; mypy, pyright, stubtest"
	@echo "make venv              only sets up .venv/VERSION, as the other targets do first"
	@echo "make clean             remove everything that was built, the environments too"
	@echo "PYTHON=python3.12 chooses the interpreter; now: $(PYTHON) ($(or $(TAG),not found))"

conformance: $(STAMP)
	@$(VPYTHON) -m conformance run $(ARGS)

conformance-long: $(STAMP)
	@$(VPYTHON) -m conformance run --profile long $(ARGS)

mutation: $(STAMP)
	@$(VPYTHON) -m tests.mutation $(ARGS)

verify: $(STAMP)
	@$(VPYTHON) -m tests.native.sanitize
	@$(VPYTHON) -m tests.native.sanitize --aarch64
	@$(VPYTHON) -m tests.native.prove
	@$(VPYTHON) -m conformance.exploration.order_mutation --docs docs
	@$(VPYTHON) -m conformance.exploration.crosscheck
	@$(VPYTHON) -m conformance explore --page docs/verification.md
	@$(VPYTHON) -m conformance explore --full
	@$(MAKE) --no-print-directory flatbuffers
	@$(VPYTHON) -m tests.mutation --all --markdown docs/mutation.md $(ARGS)

explore: $(STAMP)
	@$(VPYTHON) -m conformance explore $(ARGS)

necessity: $(STAMP)
	@$(VPYTHON) -m conformance.exploration.order_mutation --docs docs $(ARGS)

sanitize: $(STAMP)
	@$(VPYTHON) -m tests.native.sanitize $(ARGS)

aarch64: $(STAMP)
	@$(VPYTHON) -m tests.native.sanitize --aarch64

prove: $(STAMP)
	@$(VPYTHON) -m tests.native.prove $(ARGS)

crosscheck: $(STAMP)
	@$(VPYTHON) -m conformance.exploration.crosscheck $(ARGS)

bench: $(VENV)/.peers
	@$(VPYTHON) -m tests.bench $(ARGS)

bench-check: $(VENV)/.peers
	@$(VPYTHON) -m tests.bench --check $(ARGS)

# Each exits with 2 where this machine lacks what it needs, and says what.
flatbuffers: $(STAMP)
	@$(VPYTHON) -m tests.fast_impl.flatbuffers.agree --count 1000000 || test $$? = 2
	@$(VPYTHON) -m tests.fast_impl.flatbuffers.ratio || test $$? = 2
	@$(VPYTHON) -m tests.fast_impl.flatbuffers.fuzz --seconds 300 || test $$? = 2

soak: $(STAMP)
	@$(VPYTHON) -m tests.fast_impl.threads.soak $(ARGS)

test: $(STAMP)
	@$(VPYTHON) -m pytest -n auto --dist worksteal -m "not slow" $(ARGS)

test-all: $(STAMP)
	@$(VPYTHON) -m pytest -n auto --dist worksteal $(ARGS)

pages: $(STAMP)
	@$(VPYTHON) -m tests.docs.pages
	@$(VPYTHON) -m conformance list --markdown docs/rules.md
	@$(VPYTHON) -m docs.lab --pages

# Warnings are errors; on a terminal it says how far it is. BOOK is where docs-serve serves it.
BOOK ?= 8000
docs: $(VENV)/.docs
	@echo "== build/book: making the book"
	@$(VPYTHON) -m sphinx -b html -j auto $(if $(MAKE_TERMOUT),,-q) -W --keep-going -c docs/book docs build/book $(ARGS)
	@echo "build/book/index.html is the book"

docs-serve: docs
	@$(VPYTHON) -m http.server --bind localhost --directory build/book $(BOOK)

docs-test: $(VENV)/.docs
	@$(VPYTHON) -m pytest -n 0 tests/book $(ARGS)

# EXERCISE is the one to begin, or to grade.
EXERCISE ?=
lab: $(STAMP)
	@$(VPYTHON) -m docs.lab $(addprefix --exercise ,$(EXERCISE)) $(ARGS)

implementations: $(STAMP)
	@$(VPYTHON) -m docs.book.judging $(ARGS)

pythons:
	@.ci/pythons $(ARGS)

packages: $(VENV)/.packages
	@$(VPYTHON) -m pytest -n 0 tests/packages $(ARGS)

wheel-model: $(STAMP)
	@$(VPYTHON) -m tests.packages.model

# Every C file in the one format; the core, the binding and the verifier through clang-tidy, two files at a time.
lint: $(VENV)/.lint
	@$(VPYTHON) -m ruff check . $(ARGS)
	@$(VENV)/bin/lint-imports
	@git ls-files '*.c' '*.h' '*.cpp' '*.hpp' | xargs $(VENV)/bin/clang-format --dry-run -Werror
	@$(VPYTHON) -c 'from fast_impl._sources import make_headers; from pathlib import Path; \
		make_headers(Path("fast_impl"), Path("$(VENV)"))'
	@include=$$($(VPYTHON) -c 'import sysconfig; print(sysconfig.get_paths()["include"])'); \
		ls fast_impl/core/*.c fast_impl/core/platform/*.c fast_impl/cpython/*.c fast_impl/flatbuffers/verifier/*.c | \
		xargs -P 2 -n 4 $(VENV)/bin/clang-tidy --quiet \
		--extra-arg=-std=gnu11 --extra-arg=-Ifast_impl/core --extra-arg=-Ifast_impl/flatbuffers/verifier --extra-arg=-I$(VENV) --extra-arg=-isystem$$include

types: $(VENV)/.lint
	@$(VPYTHON) -m mypy
	@$(VPYTHON) -m pytest -n 0 tests/types $(ARGS)

venv: $(STAMP)

# With what every target needs.
venv-all: $(VENV)/.lint $(VENV)/.packages $(VENV)/.docs $(VENV)/.peers

# The stamp is written last, so that a build that was broken off starts again.
$(STAMP): $(SOURCES)
	@command -v $(PYTHON) >/dev/null 2>&1 || { echo "omnimailbox: no such interpreter: $(PYTHON)" \
		"(name one: make PYTHON=python3.12 ...)" >&2; exit 1; }
	@$(PYTHON) .ci/check_machine.py
	@rm -f $@
	@test -x $(VPYTHON) || { echo "== $(VENV): making a virtual environment"; $(PYTHON) -m venv --clear $(VENV); }
	@echo "== $(VENV): compiling the core and installing (some minutes the first time)"
	@$(PROJECT)
	@touch $@
	@echo "== $(VENV): ready"

# There is no cffi for 3.13t, which the project depends on elsewhere: what else it needs, then itself. NumPy's last wheels
# for it are of 2.3; of Hypothesis, the newest that it need not compile.
PIP := $(VPYTHON) -m pip install --quiet --disable-pip-version-check
ifeq ($(TAG),3.13t)
PROJECT = $(PIP) --only-binary hypothesis hatchling setuptools flatbuffers pytest pytest-timeout pytest-xdist hypothesis \
	'numpy<2.4' && \
	$(PIP) --no-build-isolation --no-deps -e .
else
PROJECT = $(PIP) -e '.[$(INSTALL)]'
endif

# What an extra of pyproject.toml asks for.
EXTRA = $(VPYTHON) -c 'import sys, tomllib; \
	print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"][sys.argv[1]], sep="\n")'

# Only one make at a time installs into an environment, though several may run in one tree: the others wait, and find it
# done.
define INSTALL_EXTRA
	@( flock 9; test $@ -nt $(STAMP) || { echo "== $(VENV): what $(1) needs"; \
		$(EXTRA) $(1) | xargs $(PIP) && touch $@; } ) 9>$(VENV)/.lock
endef

$(VENV)/.lint: $(STAMP)
	$(call INSTALL_EXTRA,lint)

$(VENV)/.packages: $(STAMP)
	$(call INSTALL_EXTRA,packages)

$(VENV)/.docs: $(STAMP)
	$(call INSTALL_EXTRA,docs)

# One by one: what cannot be installed here is left out of the benchmark, which names it.
$(VENV)/.peers: $(STAMP)
	@( flock 9; test $@ -nt $(STAMP) || { $(EXTRA) bench | while read -r peer; do echo "== $(VENV): $$peer"; \
		$(PIP) "$$peer" || echo "-- skipped: $$peer"; done; touch $@; } ) 9>$(VENV)/.lock

clean:
	@rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@rm -f fast_impl/*.so fast_impl/*.pyd
	@find spec_model fast_impl conformance tests docs -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo "clean"
