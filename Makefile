# The commands of the course. Each sets up the environment on first use.
#     VENV      where the environment lives        make test VENV=/elsewhere
#     PYTHON    what it is made with               make course PYTHON=python3.12
#     WORKERS   how many lessons or tests run at   make test WORKERS=4
#               a time, on one thread each

VENV ?= .venv
PYTHON ?= python3
WORKERS ?= 2
RUN = "$(VENV)/bin/python"

# Paths may hold any letter, and this environment's Jupyter kernel goes before the reader's own.
export PYTHONUTF8 = 1
export JUPYTER_PREFER_ENV_PATH = 1

.PHONY: help setup course lab test doctor seeds tolerances experiments bench handout site lint clean

help:
	@echo "make course      run all lessons and render them to build/site/"
	@echo "make test        run all tests and all lessons, and compare the results"
	@echo "make lab         open your own copy of the lessons (build/lab/) in JupyterLab"
	@echo "make doctor      say what works here, and what to do about the rest"
	@echo "make handout     write the lessons without solutions to build/handout/"
	@echo "make site        render them again without running them"
	@echo "make seeds       check that the claims hold under seeds that nobody chose"
	@echo "make tolerances  measure how far each number moves on other processors"
	@echo "make experiments compute the long experiments again whose code has changed"
	@echo "make bench       measure how fast the course is: about an hour"
	@echo "make lint        check the style of the code"
	@echo "make clean       remove what these commands wrote; your copy of the lessons, the handout"
	@echo "                 and the environment in $(VENV) stay"

setup:
	@sh tools/environment.sh "$(VENV)" "$(PYTHON)"

# Processes with several threads each slow one another down: one thread per process.
course: setup
	@$(RUN) -m aecourse run --jobs $(WORKERS)
	@$(RUN) -m aecourse site

test: setup
	@if OMP_NUM_THREADS=1 $(RUN) -m pytest -q -n $(WORKERS) --dist loadfile $(PYTEST_ARGS); \
	then echo "All passed: every test, and every lesson with the results it was saved with."; \
	else code=$$?; echo "Not all passed: the first failure above says most."; exit $$code; fi

lab doctor tolerances experiments handout site: setup
	@$(RUN) -m aecourse $@

# SEEDS="3 5" tries these besides the three that follow from the current commit.
seeds: setup
	@$(RUN) -m aecourse seeds --jobs $(WORKERS) --seeds "$(SEEDS)"

# PARTS="loop growth" measures some parts again: recipes, loop, machine, growth, deep, course;
# PARTS="recipes:dense" one recipe's share of a part.
bench: setup
	@$(RUN) experiments/bench.py $(PARTS)
	@$(RUN) tools/speed.py

lint: setup
	@$(RUN) -m ruff check .

# build/lab/ holds the reader's answers, and build/handout/ may have been edited for a class.
clean:
	! [ -d build ] || find build -mindepth 1 -maxdepth 1 ! -name lab ! -name handout -exec rm -rf {} +
	rm -rf dist .pytest_cache .ruff_cache .hypothesis
	find $(wildcard aecourse experiments tests tools notebooks) -name __pycache__ -prune -exec rm -rf {} +
