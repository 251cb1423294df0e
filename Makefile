# Two commands on a machine with Python (3.10 or newer) and make; each creates its own environment:
#
#   make demo                the main job on a clip made here; make demo IN=my.wav takes yours
#   make test                everything that must hold: lint, types, tests
#
# make check is the first part of make test; make clean removes what these made.

IN ?=
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python3.10 python; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null && echo "$$python" && break; done)
DEMO := .venv-demo
TEST := .venv-test
PIP := -m pip install --quiet --disable-pip-version-check

# The CPU build of torch, a tenth of the size: where an index has it, where PyTorch keeps it, else the plain one.
TORCH := 2.13.0
TORCH_INDEX := https://download.pytorch.org/whl/cpu

.PHONY: demo test check picture clean

demo: $(DEMO)/ready
	$(DEMO)/bin/bandwise demo $(if $(IN),"$(IN)")

# The picture of the README: the demo's own.
picture: $(DEMO)/ready
	$(DEMO)/bin/bandwise demo -o demo-output
	cp demo-output/demo-before-after.png docs/before-after.png

test: check
	$(TEST)/bin/python -m pytest

check: $(TEST)/ready
	$(TEST)/bin/ruff check .
	$(TEST)/bin/ruff format --check .
	$(TEST)/bin/mypy

$(DEMO)/ready: pyproject.toml
	@test -n "$(PYTHON)" || { echo "error: no Python from 3.10 found; install one, or set PYTHON=/path/to/it"; exit 2; }
	$(PYTHON) -m venv $(DEMO)
	$(DEMO)/bin/python $(PIP) --editable ".[demo]"
	@touch $@

$(TEST)/ready: pyproject.toml
	@test -n "$(PYTHON)" || { echo "error: no Python from 3.10 found; install one, or set PYTHON=/path/to/it"; exit 2; }
	$(PYTHON) -m venv $(TEST)
	$(TEST)/bin/python $(PIP) "torch==$(TORCH)+cpu" 2>/dev/null \
		|| $(TEST)/bin/python $(PIP) --extra-index-url $(TORCH_INDEX) "torch==$(TORCH)+cpu" 2>/dev/null \
		|| $(TEST)/bin/python $(PIP) "torch==$(TORCH)" \
		|| echo "note: torch cannot be installed here; the tests of training will be skipped"
	$(TEST)/bin/python $(PIP) --editable ".[dev]"
	$(TEST)/bin/python $(PIP) --use-pep517 pesq || echo "note: pesq needs a C compiler; its tests will be skipped"
	@touch $@

clean:
	rm -rf $(DEMO) $(TEST) demo-output build dist .mypy_cache .pytest_cache .ruff_cache
