# Two commands do everything: `make report` and `make test`. Each makes .venv first if it is missing.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
ARGS   ?=
# a process a core, a file of tests in each; CORES= runs them in one
CORES  ?= -n auto --dist loadfile
# what running a notebook writes into it beyond the outputs, and differs from machine to machine
STRIPPED := metadata.language_info cell.metadata.execution

.DEFAULT_GOAL := help
.PHONY: help report test test-all lab notebooks bench lock sample clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|' 2>/dev/null \
	 || grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST)

report: $(VENV)/.ready ## run every notebook on data/sample and print the page to open (ARGS="--lang ko --data DIR ...")
	@$(BIN)/smm report $(ARGS)

test: $(VENV)/.ready ## what CI runs: lint, unit tests, and the notebooks against their stored output
	@$(BIN)/ruff check --quiet . && $(BIN)/ruff format --quiet --check .
	@$(BIN)/python -m pytest $(CORES) -m "not slow" $(ARGS)
	@$(BIN)/python -m pytest $(CORES) --nbval-lax notebooks $(ARGS)

test-all: $(VENV)/.ready ## everything, the slow tests and the real browser too
	@$(BIN)/ruff check --quiet . && $(BIN)/ruff format --quiet --check .
	@$(BIN)/python -m pytest $(ARGS)
	@$(BIN)/python -m pytest --nbval-lax notebooks $(ARGS)

lab: $(VENV)/.ready ## open JupyterLab at the notebook to start with, 00_start_here
	@$(BIN)/jupyter lab notebooks --LabApp.default_url=/lab/tree/00_start_here.ipynb $(ARGS)

notebooks: $(VENV)/.ready ## run all notebooks in place, keep the verdict cells' output, strip the rest
	@$(BIN)/jupyter execute --inplace notebooks/*.ipynb notebooks/cases/*.ipynb
	@$(BIN)/nbstripout --keep-id --keep-count --extra-keys "$(STRIPPED)" notebooks/*.ipynb notebooks/cases/*.ipynb

bench: $(VENV)/.ready ## the speed and accuracy tables of benchmarks/
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

sample: $(VENV)/.ready ## rebuild data/sample, byte for byte
	@$(BIN)/smm sample data/sample --force --seed 20261123 --brands 6 --weeks 104 --policy reactive

lock: ## resolve requirements.lock anew (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	 --extra lock pyproject.toml -o requirements.lock

clean: ## remove .venv and caches (reports stay)
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis

# `touch` last: an interrupted install is begun anew.
$(VENV)/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; ok = (3, 11) <= sys.version_info < (3, 14); sys.exit(0 if ok else "smm_analysis needs Python 3.11 to 3.13; $(PYTHON) is %d.%d. Try: make PYTHON=python3.12 ..." % sys.version_info[:2])'
	@echo "Making $(VENV) from requirements.lock: a minute or two, once."
	@if command -v uv >/dev/null 2>&1; then \
	   uv venv --quiet --clear --python $(PYTHON) $(VENV) && \
	   uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock && \
	   uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e . ; \
	 else \
	   $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv module is missing. On Debian or Ubuntu: sudo apt install python3-venv" >&2; exit 1; }; \
	   $(PYTHON) -m venv --clear $(VENV) && \
	   $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock && \
	   $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . ; \
	 fi
	@touch $@
