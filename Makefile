# make demo        the environment, a live run, the two verdicts (needs Python 3.11 or newer, and PyPI once)
# make test        types, style, default tests
# make test-slow   the tests that take longer
# make test-all    `make test` on several Pythons: make test-all PYTHONS="python3.12 python3.13"
# make lint        types and style only
# make bench       aprt beside Spin, TLC and frontrun, on the same models (needs Debian's spin and gcc)
# make docs-tables writes the generated tables of docs/reference and README.md again
# make docs        the documents as HTML, in build/docs
# make clean       removes what the above made

PYTHON  ?= python3
PYTHONS ?= python3.11 python3.12 python3.13
VENV    ?= .venv
WORKERS ?= auto

bin  := $(VENV)/bin
aprt := $(bin)/aprt

# $(call show,WHAT IT SHOWS,ARGUMENTS,EXIT): runs aprt and expects that exit code (1: a property is violated)
show = @printf '\n\# %s\n$$ aprt %s\n\n' '$(1)' '$(strip $(2))'; $(aprt) $(2); test $$? -eq $(3)

.PHONY: demo test test-slow test-all lint bench docs-tables docs clean
.DELETE_ON_ERROR:

demo: $(VENV)/installed
	$(call show,live: three guests use their queues; one is killed and a queue unbound,run demos/three-guests $(if $(MAKE_TERMOUT),--speed 200),0)
	$(call show,the question: QEMU is killed while its guest enables an interrupt. Live until P1 breaks,run v4/kill-qemu --property P1 --chaos --runs 200,1)
	$(call show,the answer: the shortest schedule that breaks P1,explore v4/kill-qemu --property P1,1)
	$(call show,with six measures no schedule breaks it,explore v4/kill-qemu --property P1 --with all-measures,0)
	@printf '\nNext: %s explain B4, or docs/tutorial/first-race.md\n' '$(aprt)'

test: lint
	$(bin)/python -m pytest -n $(WORKERS)

test-slow: $(VENV)/installed-test
	$(bin)/python -m pytest -n $(WORKERS) -m slow --timeout 3600

test-all:
	@set -e; for python in $(PYTHONS); do \
		venv=.venv-$$($$python -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
		$(MAKE) --no-print-directory test PYTHON=$$python VENV=$$venv; \
	done

lint: $(VENV)/installed-test
	$(bin)/mypy
	$(bin)/ruff check
	$(bin)/ruff format --check

bench:
	@$(MAKE) --no-print-directory VENV=.venv-bench .venv-bench/installed-bench
	.venv-bench/bin/python -m benchmarks

docs-tables: $(VENV)/installed
	$(bin)/python -m docs.generate

docs: $(VENV)/installed
	$(bin)/python -m pip install --quiet --group docs
	$(bin)/python -m sphinx --quiet --fail-on-warning docs build/docs
	@echo build/docs/index.html

clean:
	rm -rf .venv .venv-* build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "aprt needs Python 3.11 or newer; name one: make PYTHON=/usr/bin/python3.12"; exit 1; }
	@echo "making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV) || \
		{ rm -rf $(VENV); echo "no venv can be made; on Debian: apt install python3-venv"; exit 1; }
	@$(bin)/python -m pip install --quiet --upgrade 'pip>=25.1'  # 25.1: dependency groups

$(VENV)/installed: pyproject.toml | $(VENV)/bin/python
	@$(bin)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/installed-bench: pyproject.toml | $(VENV)/installed
	@$(bin)/python -m pip install --quiet --group bench
	@touch $@

$(VENV)/installed-test: pyproject.toml | $(VENV)/installed
	@$(bin)/python -m pip install --quiet --group test
	@touch $@
