# `make run` serves the app; `make test` proves it. Both set up what they need in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TORCH ?= torch==2.13.0

.PHONY: run test fuzz test-fast lint format examples pictures checksums train-mini train-tagger train-localiser bench-run bench-names bench-planning bench-places bench-real bench-hearing bench-separation bench-models bench-frames bench-mini bench-generation bench-batch soak space clean

run: $(VENV)/.run
	@echo "== Starting SpA2V Studio on http://127.0.0.1:7860 (or the next free port)"
	@$(BIN)/python app.py

# Two halves side by side, a thread each: libraries that share two cores wait for one another. What
# fails in a browser is tried once more, and counted as "rerun": two cores draw, plan and click there.
FIRST := tests/e2e tests/test_render.py tests/test_recipes.py tests/generation/test_obedience.py
FIRST += tests/generation/test_budget.py
test: $(VENV)/.dev lint
	@tests/install_chromium.sh
	@echo "== Tests of the editor's state (node), if node is here"
	@if command -v node >/dev/null; then node --test tests/ui/*.test.mjs; else echo "no node: skipped"; fi
	@echo "== Tests (pytest)"
	@mkdir -p build
	@export OMP_NUM_THREADS=1; \
	$(BIN)/python -m pytest $(FIRST) --reruns 1 >build/first.log 2>&1 & first=$$!; \
	$(BIN)/python -m pytest $(FIRST:%=--ignore=%) -m "not long"; rest=$$?; \
	echo "== Tests in the browser and of what the model draws, which ran beside them"; \
	wait $$first; first=$$?; cat build/first.log; test $$rest = 0 -a $$first = 0

# Training from end to end on a CPU, a cluster, compiling: minutes each.
test-long: $(VENV)/.dev
	@$(BIN)/python -m pytest -m long --timeout 1800

# The daily loop: no browser, no models, on all cores under a minute.
test-fast: $(VENV)/.dev
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "not slow" -x -n auto

lint: $(VENV)/.dev
	@echo "== Lint, format and types"
	@find ui -name '*.pyi' -delete  # gradio writes stubs beside components; they would hide the source
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(VENV)/.dev
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

examples: $(VENV)/.run
	@$(BIN)/python -m spa2v_core.training.examples

# The examples drawn by the shipped weights, for the README and the page's first view.
pictures: $(VENV)/.run
	@$(BIN)/python -m spa2v_core.training.pictures
	@$(BIN)/python -m spa2v_core.training.mini.sheet --out assets/pictures

# Damaged and hostile inputs in capped workers, bounded by count and seconds: make fuzz CASES=10000
fuzz: $(VENV)/.dev
	@$(BIN)/python -m tests.fuzz --cases $(or $(CASES),2000) --seconds $(or $(SECONDS),1800)

checksums: $(VENV)/.run
	@$(BIN)/python -m spa2v_core.assets

train-mini: $(VENV)/.dev
	@$(BIN)/python -m spa2v_core.training.mini all

train-tagger: $(VENV)/.dev
	@$(BIN)/python -m spa2v_core.training.tagger all

train-localiser: $(VENV)/.dev
	@$(BIN)/python -m spa2v_core.training.localiser all

bench-run: $(VENV)/.run
	@$(BIN)/python -m tests.benchmarks.run

bench-planning: $(VENV)/.dev
	@$(BIN)/python -m tests.benchmarks.planning

# Folders of recordings with a clips.csv: make bench-names CLIPS="folder folder"
bench-names: $(VENV)/.dev
	@$(BIN)/python -m tests.benchmarks.names --clips $(CLIPS)

bench-places: $(VENV)/.dev
	@$(BIN)/python -m tests.benchmarks.places

# Folders of recordings with a labels.json, and one of sounds to add: make bench-real CLIPS=.. SOLO=..
bench-real: $(VENV)/.dev
	@$(BIN)/python -m tests.benchmarks.real $(CLIPS) $(if $(SOLO),--solo $(SOLO))

bench-hearing: $(VENV)/.run
	@$(BIN)/python -m tests.benchmarks.hearing

bench-separation: $(VENV)/.run
	@$(BIN)/python -m tests.benchmarks.separation

bench-models: $(VENV)/.run
	@$(BIN)/python -m tests.benchmarks.models

bench-frames: $(VENV)/.run
	@$(BIN)/python -m tests.benchmarks.frames

bench-mini: $(VENV)/.dev
	@$(BIN)/python -m tests.benchmarks.mini

# The full size on a GPU: AnimateDiff, or VACE and LTX-2: make bench-generation MODELS=1
bench-generation: $(VENV)/.dev
	@$(BIN)/python -m tests.benchmarks.$(if $(MODELS),large_models,generation)

# A thousand clips planned by a loop, a pool and Ray, each once killed in the middle.
bench-batch: $(VENV)/.dev
	@$(BIN)/python -m tests.benchmarks.batch

# Fifty visitors for ten minutes, the app killed three times: make soak [SOAK="--minutes 3"]
soak: $(VENV)/.dev
	@$(BIN)/python -m tests.benchmarks.soak $(SOAK)

# The folder to push to a Space: make space [HARDWARE=zero]
space: $(VENV)/.run
	@$(BIN)/python -m ui.service.space --hardware $(or $(HARDWARE),cpu)

clean:
	rm -rf $(VENV) build .pytest_cache .ruff_cache .mypy_cache .hypothesis

# A CPU build of torch first: the newest from the index can pull gigabytes of CUDA. On a machine
# with a GPU, install the torch you want into .venv before (pip keeps what fits the range).
$(VENV)/.run: requirements.txt
	@echo "== Setting up $(VENV) (once; a few minutes)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -c 'import torch' 2>/dev/null || $(BIN)/python -m pip install -q --disable-pip-version-check $(TORCH)
	@$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.txt
	@echo "== Installing what the tests need"
	@$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements-dev.txt
	@touch $@
