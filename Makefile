# The two commands of the README. All they need is make and Python 3.11 or later.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOWEST := .venv-lowest

.PHONY: search labs test slow test-lowest smoke-lowest clean

search: $(VENV)/installed  ## search on the digits that ship in data/
	$(BIN)/mlpnas search data/digits.csv --target digit --trials 40 --jobs 2

labs: $(VENV)/installed-notebooks  ## build/labs: the notebooks as students get them
	rm -rf build/labs
	$(BIN)/python notebooks/labs.py students build/labs

test: $(VENV)/installed-test  ## the default suite, within 5 minutes on two cores
	$(BIN)/python -m pytest -n 2 --dist loadfile

slow: $(VENV)/installed-test  ## what takes longer; CI runs it too
	$(BIN)/python -m pytest -n 2 --dist load -m slow

test-lowest: $(LOWEST)/installed  ## the default suite with the lowest versions that setup.cfg allows
	$(LOWEST)/bin/python -m pytest -n 2 --dist loadfile

smoke-lowest: $(LOWEST)/installed  ## a search of each command line with them; CI runs it
	$(LOWEST)/bin/python -m pytest -n 2 -m slow tests/test_smoke.py

tests/lowest.txt: setup.cfg  ## what those are; needs uv
	uv pip compile --quiet --python-version 3.11 --resolution lowest-direct --extra test \
		--no-annotate --custom-compile-command "make tests/lowest.txt" --output-file $@ setup.cfg

$(VENV)/bin/python:
	$(PYTHON) -c "import sys; assert sys.version_info >= (3, 11), f'Python {sys.version.split()[0]} found, 3.11 or later needed: make PYTHON=python3.11 ...'"
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/bin/python setup.cfg pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/installed-notebooks: $(VENV)/bin/python setup.cfg pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[notebooks]"
	touch $@ $(VENV)/installed

$(VENV)/installed-test: $(VENV)/bin/python setup.cfg pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[test]"
	touch $@ $(VENV)/installed

$(LOWEST)/installed: setup.cfg pyproject.toml
	$(PYTHON) -m venv $(LOWEST)
	$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check \
		--constraint tests/lowest.txt --editable ".[test]"
	touch $@

clean:
	rm -rf $(VENV) $(LOWEST) build *.egg-info .pytest_cache .mypy_cache .ruff_cache
