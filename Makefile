# make run    sets everything up and opens the app on the sample shop; make sample does the sample day without a browser
# make test   runs the tests       make check   linter, formatter, types

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   ?= .venv
BIN    := $(VENV)/bin
PORT   ?= 8501
DATA   := $(or $(MOODGATE_DATA),data)
CV2    := $(shell sed -n 's/^\(opencv-contrib-python-headless==[^ ]*\).*/\1/p' requirements.txt)

.PHONY: run sample test check setup clean

run: $(VENV)/.ready
	@echo "Moodgate opens at http://localhost:$(PORT) (stop it with Ctrl-C)"
	@MOODGATE_OFFLINE=1 $(BIN)/streamlit run app.py --server.port $(PORT) \
		--server.headless false --server.showEmailPrompt false

sample: $(VENV)/.ready
	@$(BIN)/python -m fer_core sample "$(DATA)/sample"
	@MOODGATE_OFFLINE=1 $(BIN)/python -m fer_core review "$(DATA)/sample/entry.mp4" "$(DATA)/sample/exit.mp4" \
		--store "Sample shop" --sample-shop --entry-start 2026-03-02T10:00:00+00:00 --exit-start 2026-03-02T10:10:00+00:00

test: $(VENV)/.ready-dev
	$(BIN)/python -m pytest

check: $(VENV)/.ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

setup: $(VENV)/.ready

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 is needed (Debian: apt install python3 python3-venv)"; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
		|| { echo "Python 3.11 to 3.13 is needed; choose one by make PYTHON=…"; exit 2; }
	@$(PYTHON) -m venv $(VENV) || { echo "venv is missing (Debian: apt install python3-venv)"; exit 2; }

# cv2 comes with two wheels that write the same folder: the contrib one has to be the last.
$(VENV)/.ready: requirements.txt constraints.txt | $(VENV)/bin/python
	@echo "installing (about 3 GB, a few minutes the first time) …"
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --force-reinstall --no-deps $(CV2)
	@touch $@

$(VENV)/.ready-dev: requirements-dev.txt $(VENV)/.ready
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

clean:
	rm -rf $(VENV) "$(DATA)/sample"
