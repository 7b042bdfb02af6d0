# Two commands do everything on a fresh machine:
#   make run    installs, then runs the pipeline on the shipped corpus and prints where the table is
#   make test   installs, then runs the checks and the tests
# What takes hours: make trials, make benchmarks (over CORPUS; they print tables).
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
CORPUS ?= corpus
OUTPUT ?= outputs

.PHONY: run test trials benchmarks lint install install-dev ocr browser office database requirements catalogues clean

run: install ocr
	@$(BIN)/policy-scan run --corpus "$(CORPUS)" --output "$(OUTPUT)"; code=$$?; \
	  if [ $$code -gt 1 ]; then exit $$code; fi

test: install-dev ocr browser office database lint
	$(BIN)/python -m pytest -n auto --dist loadfile

# At length what `make test` does in small, seeded shares: killed runs, mutants of PDFs.
trials: install-dev
	$(BIN)/python benchmarks/trials.py "$(CORPUS)" --trials 50 --seed 1
	$(BIN)/python benchmarks/mutants.py "$(CORPUS)" --mutants 500 --seed 1

# Speed, memory and growth beside peers on the same files.
benchmarks: install-dev
	$(BIN)/python benchmarks/scale.py "$(CORPUS)" --dask --ocr
	$(BIN)/python benchmarks/plan.py
	$(BIN)/python benchmarks/assembly.py

lint: install-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

install: $(VENV)/.installed
install-dev: $(VENV)/.installed-dev

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("policy_scan needs Python 3.11 or newer: make PYTHON=python3.11") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.txt pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

# Tesseract and its languages, where apt-get and the rights are there; elsewhere the command that does it is printed.
ocr:
	@sh tools/install_system.sh ocr

# Chromium for the tests of the web page.
browser:
	@sh tools/install_system.sh browser

# LibreOffice and PostgreSQL, for the tests of workbooks and reports and of the review database.
office:
	@sh tools/install_system.sh office
database:
	@sh tools/install_system.sh database

# After a change of the dependencies in pyproject.toml (needs uv: pip install uv).
requirements:
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -q -o requirements.txt
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -q -c requirements.txt -o requirements-dev.txt

# After a change of the words that reports speak: extract, merge and compile the catalogues, list what lacks a translation.
catalogues: install-dev
	$(BIN)/python tools/catalogues.py --missing

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
