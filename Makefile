# make demo   read the radiographs of an adult and of a child with the bundles that ship; reports land in out/demo
# make test   the test suite, with lint and types
# make test-slow   the tests that take longest: whole trainings, kills at any moment (eight minutes on two cores)
# make fuzz   damaged and hostile inputs for an hour (MINUTES=60): what is tried, and what it cost at most
# make bench  the speed comparisons of bench/ (bench/on_gpu.sh is for a machine with a graphics card)
.PHONY: demo test test-slow fuzz bench setup lint clean

SHELL := /bin/bash
VENV := .venv
PYTHON ?= python3.11
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export QT_QPA_PLATFORM := offscreen

demo: $(VENV)/.read
	$(BIN)/readingroom demo --out out/demo

# One process for each core. They take from each other's ends when they run out, so that files stay together nearly always
# (fixtures of a file are made once) and none waits for the longest file.
PYTEST_OPTIONS ?= -n auto --dist worksteal
test: $(VENV)/.test .system-libraries lint
	$(BIN)/python -m pytest $(PYTEST_OPTIONS) -m "not slow"

# The loops of radiomics, which make test runs as Python on a few voxels, as numba compiles them.
test-slow: $(VENV)/.test $(VENV)/.fast .system-libraries
	$(BIN)/python -m pytest $(PYTEST_OPTIONS) -m slow
	$(BIN)/python -m pytest -k compiled Testing/Python/radiomics

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy bench/*.py

MINUTES ?= 60
fuzz: $(VENV)/.test
	PYTHONPATH=Common:Testing $(BIN)/python -m fuzz --minutes $(MINUTES)

bench: $(VENV)/.test
	for script in $(filter-out bench/on_gpu.py,$(wildcard bench/*.py)); do $(BIN)/python "$$script" || exit 1; done

setup: $(VENV)/.test .system-libraries

# What the real Qt and the headless rendering of Testing/host need; skipped where the libraries are there already.
.PHONY: .system-libraries
.system-libraries:
	@bash Testing/system_libraries.sh

# torch first and by its exact version, so that the CPU build is taken where one is offered.
$(VENV)/.read: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || python3 -m venv $(VENV)
	$(BIN)/python -m pip install --quiet torch==2.13.0
	$(BIN)/python -m pip install --quiet --editable ".[read,decode]"
	touch $@

$(VENV)/.test: $(VENV)/.read pyproject.toml
	$(BIN)/python -m pip install --quiet --editable ".[read,decode,train,monai,test,host,peers]"
	$(BIN)/python -m pip install --quiet --no-build-isolation pyradiomics==3.0.1 \
	  || echo "PyRadiomics could not be built (it needs a C compiler): the comparisons with it are skipped."
	touch $@

$(VENV)/.fast: $(VENV)/.test pyproject.toml
	$(BIN)/python -m pip install --quiet --editable ".[fast]"
	touch $@

clean:
	rm -rf $(VENV) out
