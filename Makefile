# demo, test, check, serve, bench: each a line or two. PYTHON picks the interpreter the environment is made with.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check serve bench constraints screenshots docs docs-serve clean

demo: .venv/ready
	$(BIN)/newsletter demo --out demo

test: .venv/ready
	$(BIN)/python -m pytest -q -n auto --dist worksteal

check: .venv/ready
	$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy && $(BIN)/lint-imports

serve: .venv/ready
	$(BIN)/newsletter serve

bench: .venv/ready
	for name in day rank_day cut dispatch crash web ranking year scale upgrade; do \
	  if [ -f benchmarks/$$name.py ]; then $(BIN)/python -m benchmarks.$$name --quick || exit 1; fi; done

screenshots: .venv/ready
	$(BIN)/python docs/take_screenshots.py

docs: .venv/ready
	$(BIN)/mkdocs build --quiet

docs-serve: .venv/ready
	$(BIN)/mkdocs serve

constraints: .venv/ready
	$(BIN)/pip freeze --exclude-editable | grep -vE '^(pip|setuptools|trending-papers)[ =]' \
	  | sed '1i # Every version that the tests ran with: pip install -c constraints.txt. Made by `make constraints`.' > constraints.new
	mv constraints.new constraints.txt

# The environment, made once and again whenever what it is made from changes.
.venv/ready: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

clean:
	rm -rf .venv demo site build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
