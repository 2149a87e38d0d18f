# Both jobs start from a bare python3 >= 3.11 and make: each makes the virtual environment it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: demo twin test lint wheel-check bench soak catalogues clean

MACHINES := mci_lab nist_split rwth_brine_water

demo: $(VENV)/demo.stamp $(MACHINES:%=demo-%)  ## build the FMU of each machine and validate it
	@printf 'report: %s\n' $(MACHINES:%=out/%/report.html)

demo-%: $(VENV)/demo.stamp
	@$(BIN)/heatpump-twin build $* -o out/$*.fmu
	@$(BIN)/heatpump-twin validate $* --fmu out/$*.fmu -o out/$* --replace

twin: $(VENV)/serve.stamp  ## show a machine at work in the browser, until Ctrl-C
	@$(BIN)/heatpump-twin serve

test: $(VENV)/test.stamp  ## run all tests
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(VENV)/lint.stamp  ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

wheel-check: $(VENV)/bin/python  ## install the wheel with its dependencies on each Python here, and run the commands
	$(BIN)/python tests/wheel_check.py

bench: $(VENV)/bench.stamp  ## measure speed, memory and accuracy, and write docs/performance.md
	@$(PIP_INSTALL) -e '.[bench,peers]' || echo "without the other tools; docs/performance.md says which" >&2
	$(BIN)/python -m benchmarks

soak: $(VENV)/soak.stamp  ## run the FMU for long and write docs/reliability.md
	$(BIN)/python -m benchmarks.soak

catalogues: $(VENV)/bench.stamp  ## calibrate and build 200 invented catalogues; takes hours
	$(BIN)/python -m benchmarks.catalogues

clean:
	rm -rf $(VENV) out

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("python3 >= 3.11 is needed, found " + sys.version.split()[0] + "; name another one with: make PYTHON=python3.12 ...")'
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "python3 lacks its venv module; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@echo "installing into $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/demo.stamp: EXTRAS =
$(VENV)/serve.stamp: EXTRAS = [serve]
$(VENV)/test.stamp: EXTRAS = [test]
$(VENV)/lint.stamp: EXTRAS = [lint]
$(VENV)/bench.stamp: EXTRAS = [bench]
$(VENV)/change.stamp: EXTRAS = [lint,test]
$(VENV)/soak.stamp: EXTRAS = [bench,test]
$(VENV)/%.stamp: $(VENV)/bin/python pyproject.toml constraints.txt
	@$(PIP_INSTALL) -e '.$(EXTRAS)' || { echo "installation failed; it needs a package index that pip can reach (see pip's message above)" >&2; exit 1; }
	@touch $@ $(VENV)/demo.stamp  # what the demo needs is a part of each
