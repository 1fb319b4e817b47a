# Every task of this project. `make` alone lists them; each sets itself up.
# Needs GNU make, python3 (3.11, 3.12 or 3.13) and, once, a network.

PYTHON  ?= python3
ARTICLE ?=  ## one article by its slug, such as clustering (default: all)
SEEDS   ?=  ## how many seeds to train for each experiment (default: 1)
PROFILE ?=  ## full, embedded, smoke or auto (default: auto)
JOBS    ?=  ## training runs side by side (default: what cores and memory allow; for noise: 1)
FRESH   ?=  ## 1 trains again, ignoring stored runs
ALL     ?=  ## 1 re-runs the extended experiments; for diff: lists every number
BUDGET  ?=  ## wall time for training, such as 20m: runs what fits, says what it left
JSON    ?=  ## 1 prints objects for machines, one a line, for diff one in all (with make -s)
STRICT  ?=  ## 1 makes a missing data set an error instead of a fallback
REASON  ?=  ## for accept: why committed numbers may change; asked for if they do
REV     ?=  ## for diff: the git revision to compare with (default: HEAD)
UPGRADE ?=  ## for lock: 1 moves every pin to its newest version

on = $(filter-out 0 no false,$(1))
run_options = $(if $(ARTICLE),--article $(ARTICLE)) \
              $(if $(SEEDS),--seeds $(SEEDS)) \
              $(if $(PROFILE),--profile $(PROFILE)) \
              $(if $(JOBS),--jobs $(JOBS)) \
              $(if $(call on,$(FRESH)),--fresh) \
              $(if $(call on,$(ALL)),--all) \
              $(if $(BUDGET),--budget $(BUDGET)) \
              $(if $(call on,$(JSON)),--json) \
              $(if $(call on,$(STRICT)),--strict)

python    = .venv/bin/python
installed = .venv/.installed-$(firstword $(shell cksum < requirements.lock))
compile   = build/lock/bin/uv pip compile --universal --python-version 3.11 --generate-hashes \
            --custom-compile-command 'make lock' --quiet --no-config $(if $(call on,$(UPGRADE)),--upgrade)
platforms = x86_64-manylinux_2_28 aarch64-manylinux_2_28 aarch64-apple-darwin
# A wheel of every pin, or the source of `promise`, and a pin for whatever they ask for.
installable = build/lock/bin/uv pip install --dry-run --quiet --no-config --require-hashes -r requirements.lock \
            --only-binary :all: --no-binary promise --target build/lock/nowhere
excused   = # vulnerabilities that `make audit` lets pass, with the reason here: none
torch     = torch==2.13.0 sympy==1.14.0 mpmath==1.3.0 networkx==3.6.1
has_torch = .venv/.torch-$(firstword $(shell echo $(torch) | cksum))

.DEFAULT_GOAL := help
.PHONY: help setup torch reproduce test trust lint format check diff accept noise bench report site test-site notebooks lock audit tools clean
# Options travel on the command line, where `make` prints them, never through the environment.
unexport ARTICLE SEEDS PROFILE JOBS BUDGET JSON FRESH ALL STRICT UPGRADE
export REASON REV
# Nor does what the user has set for programs in Python reach ours: it may hide them, or change them.
unexport $(filter-out PYTHON %BYTECODE %CACHEPREFIX %ENCODING %HANDLER %UNBUFFERED %UTF8, \
    $(filter PYTHON%,$(.VARIABLES)))

help: ## List the tasks and their variables
	@echo 'usage: make TASK [VARIABLE=value ...]'; echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' Makefile; echo
	@awk -F ' *[?]= *## ' '/^[A-Z]+ *[?]= *## / { printf "  %-10s %s\n", $$1, $$2 }' Makefile

setup: $(installed) ## Make .venv from requirements.lock (done once; every task does it)

torch: $(has_torch) ## Add PyTorch for CPUs to .venv: for KERAS_BACKEND=torch, and for its tests

reproduce: $(installed) ## Train what is missing, execute the notebooks, check, report
	$(python) -m replication run $(strip $(run_options))

test: export OMP_NUM_THREADS := 1
test: export TF_NUM_INTRAOP_THREADS := 1
test: export TF_CPP_MIN_LOG_LEVEL := 3
test: $(installed) ## Run the tests on two cores
	$(python) -m pytest -n 2 --dist loadfile --no-loadscope-reorder --junitxml build/tests.xml

trust: export OMP_NUM_THREADS := 1
trust: export TF_NUM_INTRAOP_THREADS := 1
trust: export TF_CPP_MIN_LOG_LEVEL := 3
trust: $(installed) ## Keep every promise of docs/trust.md: faults, bad input, mutants (long)
	$(python) -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m 'long or not long' tests/trust
	PYTHONPATH=. $(python) tests/trust/sees.py

lint: $(installed) ## Look for mistakes and unformatted code, changing nothing
	$(python) -m ruff check
	$(python) -m ruff format --check

format: $(installed) ## Format the code and fix what ruff can fix
	$(python) -m ruff format
	$(python) -m ruff check --fix

check: $(installed) ## Judge the committed results against the claims (about a second)
	$(python) -m replication check $(if $(call on,$(JSON)),--json)

diff: $(installed) ## Show what changed in results/ since the last commit, and what matters
	$(python) -m replication diff $(if $(REV),"$$REV") $(if $(call on,$(ALL)),--all) $(if $(call on,$(JSON)),--json)

accept: $(installed) ## Promote the runs in build/ to results/
	$(python) -m replication accept $(if $(REASON),--reason "$$REASON")

noise: $(installed) ## Measure how far emulated machines differ: results/*/noise.csv (hours)
	$(python) -m replication noise $(if $(PROFILE),--profile $(PROFILE)) $(if $(JOBS),--jobs $(JOBS)) $(if $(BUDGET),--budget $(BUDGET))

bench: $(installed) ## Time our training loop, against plain Keras and deterministic, and the probe
	$(python) -m benchmarks.training_speed
	$(python) -m benchmarks.training_speed --model dense --images 48000 --rounds 9
	$(python) -m benchmarks.determinism
	$(python) -m benchmarks.probe

report: $(installed) ## Print the claims, and write the tables and numbers of README.md and docs/
	$(python) -m replication report

site: $(installed) ## Write the claims, their runs and the notebooks as pages: build/site
	$(python) -m replication site

test-site: export OMP_NUM_THREADS := 1
test-site: export TF_CPP_MIN_LOG_LEVEL := 3
test-site: site ## Open every page in a headless Chromium; pictures in build/screenshots
	rm -rf build/screenshots
	$(python) -m pytest -n 2 tests/browser

notebooks: export JUPYTER_NO_CONFIG := 1
notebooks: export JUPYTER_CONFIG_DIR := /dev/null/none
notebooks: $(installed) ## Strip the outputs from notebooks/
	$(python) -m nbconvert --log-level WARN --clear-output --inplace notebooks/*.ipynb

lock: tools ## Pin dependencies again: only what pyproject.toml asks for, or all (UPGRADE=1)
	$(compile) pyproject.toml --extra dev --output-file requirements.lock
	$(compile) .ci/tools.in --output-file .ci/tools.lock

audit: tools ## Ask PyPI for a file of every pin on every platform, and for advisories
	@for on in $(platforms); do for version in 3.11 3.12 3.13; do \
	    echo "$$on, Python $$version"; $(installable) --python-platform $$on --python-version $$version \
	        || exit 1; done; done
	build/lock/bin/pip-audit --strict --require-hashes --disable-pip --progress-spinner off \
	    $(addprefix --ignore-vuln ,$(excused)) -r requirements.lock

# uv and pip-audit, which no other task needs, in an environment of their own.
tools:
	$(PYTHON) -m venv build/lock
	build/lock/bin/python -I .ci/isolated.py -m pip install --quiet --disable-pip-version-check \
	    --require-hashes --no-deps -r .ci/tools.lock

clean: ## Remove caches; keeps .venv and the trained runs in build/
	rm -rf .hypothesis .pytest_cache .ruff_cache build/lock *.egg-info
	find benchmarks replication tests -name __pycache__ -type d -prune -exec rm -rf {} +

# PyTorch is not in the lock, since on Linux its build on PyPI asks for gigabytes of CUDA libraries;
# the one for CPUs has an index of its own, and no hashes here. What else it needs is in the lock.
$(has_torch): $(installed)
	@echo 'Installing $(torch) into .venv, 0.9 GB ...'
	@$(python) -I .ci/isolated.py -m pip install --quiet --disable-pip-version-check --no-deps \
	    --retries 1 --extra-index-url https://download.pytorch.org/whl/cpu $(torch)
	@$(python) -I -m pip check --disable-pip-version-check && rm -f .venv/.torch-* && touch $@

# The stamp's name holds the checksum of the lock: a new lock installs itself, an old one costs
# nothing. `.venv/.installing` names the make at work; if that make is gone, it died half-way and
# we start over. So did one of our own number, as numbers come back in containers. `promise` comes
# as source only: what builds it is in the lock and goes in first, or else pip fetches the newest
# setuptools, with no hash, for the build.
supported = import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))
has       = import sys, importlib.util as u; u.find_spec("$(1)") or sys.exit(1); $(supported)

# Nor does a stamp count whose interpreter went away, or is another one since, after an upgrade.
ifneq ($(shell $(python) -I -c '$(call has,keras)' 2> /dev/null || echo broken),)
.PHONY: $(installed)
endif

$(installed):
	@$(PYTHON) -c '$(supported)' 2> /dev/null || { echo "error: Python 3.11, 3.12 or 3.13 is needed, but '$(PYTHON)' says" `$(PYTHON) --version 2>&1`; \
	    echo "name another one: make setup PYTHON=/path/to/python3"; exit 1; } >&2
	@at_work=`cat .venv/.installing 2> /dev/null`; [ "$$at_work" = $$PPID ] || ! kill -0 "$$at_work" 2> /dev/null || { \
	    echo "error: another make (process $$at_work) is filling .venv; wait for it"; \
	    echo "if that process is no make, a set-up died here: remove .venv/.installing"; exit 1; } >&2
	@[ ! -e .venv/.installing ] && $(python) -I -c '$(call has,pip)' 2> /dev/null || rm -rf .venv
	@mkdir -p .venv && echo $$PPID > .venv/.installing && rm -f .venv/.installed-*
	@[ -x $(python) ] || $(PYTHON) -m venv .venv || { \
	    echo "error: '$(PYTHON)' cannot make a virtual environment (Debian, Ubuntu: apt install python3-venv)" >&2; exit 1; }
	@echo 'Installing requirements.lock into .venv: about a minute ...' >&2
	@awk '/^(setuptools|wheel)==/,/[^\\]$$/' requirements.lock > .venv/.builders
	@$(python) -I .ci/isolated.py -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
	    -r .venv/.builders
	@$(python) -I .ci/isolated.py -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
	    --no-build-isolation -r requirements.lock
	@rm .venv/.installing && touch $@
