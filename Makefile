# make bench · make test · make lint · make docs: each sets up .venv, and what the system lacks, by itself on a fresh machine.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PYTEST := $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --doctest-modules common zoo datasets benchmarks tests
BACKENDS_STAMP := $(VENV)/.backends
DOCS_STAMP := $(VENV)/.docs
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help bench test test-slow test-all lint docs setup backends docs-tools speed lock clean

help:
	@echo "make bench     train a tiny model on the built-in sample and print the leaderboard (minutes; into results/local)"
	@echo "make test      run the tests (minutes; installs Tesseract and Chromium where it may)"
	@echo "make test-slow run those that are left out there, on JAX, PyTorch and other runtimes and in the demo, too"
	@echo "make test-all  both"
	@echo "make lint      ruff and mypy"
	@echo "make docs      build the documentation into docs/_build/html, running its examples (minutes)"
	@echo "make backends  install JAX, PyTorch, runtimes of exported files, Gradio and Ray, which make test-slow needs"
	@echo "make speed     timings of the input pipeline, the metrics and the layers, as ratios"

bench: $(STAMP)
	$(BIN)/python -m benchmarks.run --model atrous --dataset reds --sample --profile quick --resume --steps 900 \
		--results results/local

test: $(STAMP)
	@.ci/test-tools
	$(PYTEST) -m "not slow"

test-slow: $(STAMP) backends docs-tools
	@.ci/test-tools
	$(PYTEST) -m slow

test-all: backends test test-slow

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(STAMP) docs-tools
	$(BIN)/python -m sphinx -q -W --keep-going -d docs/_build/doctrees docs docs/_build/html
	@echo "docs/_build/html/index.html"

speed: $(STAMP)
	$(BIN)/python -m benchmarks.speed

setup: $(STAMP)

$(STAMP): requirements.lock setup.cfg pyproject.toml
	@.ci/system-packages $(PYTHON)
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV) (about a minute the first time)"
	@$(BIN)/python -m pip install -qq --requirement requirements.lock
	@$(BIN)/python -m pip install -qq --no-deps --no-build-isolation --editable .
	@touch $@

backends: $(STAMP) $(BACKENDS_STAMP)

# spandrel asks for torchvision, which nothing here needs of it.
$(BACKENDS_STAMP): requirements-backends.lock requirements-export.lock requirements-cluster.lock requirements-peers.lock
	@$(BIN)/python -m pip install -qq $(addprefix --requirement ,$(filter-out requirements-peers.lock,$^))
	@$(BIN)/python -m pip install -qq --no-deps --requirement requirements-peers.lock
	@touch $@

docs-tools: $(STAMP) $(DOCS_STAMP)

$(DOCS_STAMP): requirements-docs.lock
	@$(BIN)/python -m pip install -qq --requirement requirements-docs.lock
	@touch $@

# Needs uv; exact versions for Python 3.11 to 3.13 without any address. What exports need beside the rest is apart; uv
# does not see that backports-strenum 1.3 refuses Python 3.11 and later, which have all that is in it.
lock:
	uv pip compile setup.cfg --extra dev --universal --python-version 3.11 --no-header --no-annotate --upgrade \
		--output-file requirements.lock
	echo "backports-strenum<1.3" | uv pip compile setup.cfg --extra export --universal --python-version 3.11 --no-header \
		--no-annotate --constraint requirements.lock --constraint - --quiet | grep -vxFf requirements.lock \
		>requirements-export.lock
	uv pip compile setup.cfg --extra ray --extra slurm --universal --python-version 3.11 --no-header --no-annotate \
		--constraint requirements.lock --constraint requirements-backends.lock --quiet | grep -vxFf requirements.lock \
		>requirements-cluster.lock
	uv pip compile setup.cfg --extra docs --universal --python-version 3.11 --no-header --no-annotate \
		--constraint requirements.lock --quiet | grep -vxFf requirements.lock >requirements-docs.lock
	uv pip compile setup.cfg --extra peers --universal --python-version 3.11 --no-header --no-annotate \
		--constraint requirements.lock --quiet | grep -E '^(einops|safetensors|spandrel)' >requirements-peers.lock

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache *.egg-info docs/_build docs/cards docs/gallery
