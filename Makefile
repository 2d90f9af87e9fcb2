# Two commands do everything on a fresh machine: `make demo` and `make test`.
# Each creates the virtual environment and installs what it needs.

PYTHON ?= python3.11
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
DEMO   := build/demo

.PHONY: demo test check lint bench bench-register clean

demo: $(STAMP)  ## Determine the sample households with reasons; re-evaluate 100,000 households from 1450 to 1480 yuan
	@$(BIN)/eligibility determine cases/单亲母亲与学童.yaml cases/残疾人独居.yaml --month 2016-03 --month 2018-03 --month 2021-07 --month 2025-08
	@$(BIN)/eligibility explain cases/单亲母亲与学童.yaml --month 2025-08
	@$(BIN)/eligibility check cases | tail -n 2
	@mkdir -p $(DEMO)
	@test -f $(DEMO)/台账.arrow || $(BIN)/eligibility register sample --households 100000 --seed 1 --out $(DEMO)/台账.arrow
	@$(BIN)/eligibility reevaluate $(DEMO)/台账.arrow --before 2025-06@2025-06-30 --after 2025-07@2025-09-30 --through 2025-09 --out $(DEMO)/复核

test: $(STAMP)  ## Run every test, and the engine tests once more with freed memory overwritten
	$(BIN)/python -m pytest -n auto --dist loadfile
	MALLOC_PERTURB_=165 $(BIN)/python -m pytest tests/engines/test_rete.py tests/engines/test_agreement.py tests/engines/test_kernel_columns.py

check: lint test

lint: $(STAMP)  ## Style, formatting, types, and the rulesets themselves
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/eligibility rulesets lint beijing --strict

bench: $(STAMP) benchmarks/.venv-openfisca/.installed  ## One household beside OpenFisca, in one run
	$(BIN)/python benchmarks/single.py --household three
	$(BIN)/python benchmarks/single.py --household four

bench-register: $(STAMP) benchmarks/.venv-register/.installed benchmarks/.venv-openfisca/.installed benchmarks/.venv-policyengine/.installed benchmarks/.venv-polars/.installed  ## Whole registers, beside peers, in one run
	$(BIN)/python benchmarks/register.py

$(STAMP): pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "缺少 $(PYTHON)：请安装 Python 3.11（Debian：apt-get install python3.11 python3.11-venv python3.11-dev），或用 make PYTHON=… 指定" >&2; exit 1; }
	@command -v cc >/dev/null || { echo "缺少 C 编译器：durable-rules 只有源码包，需要编译（Debian：apt-get install build-essential python3-dev）" >&2; exit 1; }
	@$(PYTHON) -c 'import sysconfig, pathlib, sys; sys.exit(not (pathlib.Path(sysconfig.get_path("include")) / "Python.h").exists())' || { echo "缺少 Python 头文件 Python.h（Debian：apt-get install python3-dev）" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

clean:
	rm -rf build $(VENV) benchmarks/.venv-* benchmarks/.data .pytest_cache .mypy_cache .ruff_cache .hypothesis dist

benchmarks/.venv-register/.installed: PACKAGES = --editable '.[register]'
benchmarks/.venv-openfisca/.installed: PACKAGES = 'openfisca-core==46.0.1'
benchmarks/.venv-policyengine/.installed: PACKAGES = 'policyengine-core==3.33.12'
benchmarks/.venv-polars/.installed: PACKAGES = 'polars==2.1.0' 'numpy==2.4.6'

benchmarks/.venv-%/.installed:
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check $(PACKAGES)
	@touch $@
