"""The rules of this house that no linter knows."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import dmslake
from dmslake.blueprint.pipeline import removal
from dmslake.cli.main import COMMANDS
from dmslake.engine.resource import Resource
from dmslake.kinds.registry import KINDS
from dmslake.spec import load_spec
from tests.contract import test_kinds_in_sandbox, test_kinds_on_moto
from tests.contract.samples import ACCOUNT, CHANGES, resources, spec
from tests.spec.texts import ENVIRON, ROOT, SPECS

PACKAGE = Path(dmslake.__file__).parent
TESTS = ROOT / "tests"
SOURCES = sorted(PACKAGE.rglob("*.py"))
ALL = [*SOURCES, *sorted(TESTS.rglob("*.py")), *sorted((ROOT / "bench").rglob("*.py"))]

_LONGEST_FILE = 350
_LONGEST_TEST_FILE = 500
_LONGEST_FUNCTION = 50
_USUAL_FUNCTION = 8
_NINE_OF_TEN_FUNCTIONS = 25


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def below(path: Path, folder: str) -> bool:
    return path.is_relative_to(PACKAGE / folder)


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def dotted(node: ast.expr) -> str:
    """Return `a.b.c` for an attribute of a name, and an empty text for anything else."""
    match node:
        case ast.Name(id=found):
            return found
        case ast.Attribute(value=value, attr=attribute) if dotted(value):
            return f"{dotted(value)}.{attribute}"
        case _:
            return ""


def uses(path: Path) -> set[str]:
    """Return every dotted name that a module uses."""
    nodes = ast.walk(parsed(path))
    return {dotted(node) for node in nodes if isinstance(node, ast.Attribute | ast.Name)}


# Kinds -------------------------------------------------------------------------------------------


def kinds_in(path: Path) -> list[type[Resource[Any]]]:
    module = importlib.import_module(f"dmslake.kinds.{path.stem}")
    return [
        member
        for _, member in inspect.getmembers(module, inspect.isclass)
        if issubclass(member, Resource)
        and member.__module__ == module.__name__
        and not inspect.isabstract(member)
    ]


def test_every_kind_is_registered_once() -> None:
    found = [kind for path in (PACKAGE / "kinds").glob("*.py") for kind in kinds_in(path)]
    assert set(found) == set(KINDS)
    assert len(found) == len(KINDS)
    assert len({kind.kind for kind in KINDS}) == len(KINDS)


def samples() -> dict[type[Resource[Any]], Resource[Any]]:
    """Return one resource of every kind that the good specs make."""
    found: dict[type[Resource[Any]], Resource[Any]] = {}
    for file in sorted((SPECS / "good").glob("*.yaml")):
        for resource in removal(load_spec(file, environ=ENVIRON), ACCOUNT):
            found.setdefault(type(resource), resource)
    return found


SAMPLES = samples()

# Looked at only, or waited for: nothing of them can be made.
_NEVER_MADE = {kind.kind for kind in KINDS if kind.given} | {
    "drain", "queue_drain", "stale_certificates",
}  # fmt: skip


def test_the_good_specs_have_every_kind() -> None:
    assert set(SAMPLES) == set(KINDS)


def test_every_kind_is_held_to_the_contract() -> None:
    """On moto, in the sandbox's one sample pipeline, or by name in a test of its own."""
    on_moto = {resources(spec())[address].kind for address in test_kinds_on_moto.ADDRESSES}
    assert on_moto.isdisjoint(test_kinds_on_moto._OF_DMS)
    in_sandbox = {resource.kind for resource in resources(spec()).values()}
    text = "".join(path.read_text("utf-8") for path in sorted(TESTS.glob("kinds/**/test_*.py")))
    text += inspect.getsource(test_kinds_in_sandbox)
    named = {kind.kind for kind in KINDS if kind.__name__ in text}
    assert {kind.kind for kind in KINDS} == on_moto | in_sandbox | named


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_every_kind_that_wants_something_has_a_change_in_the_contract(
    kind: type[Resource[Any]],
) -> None:
    # A shared role has two switches that are either right or repaired; a queue's peer is a name;
    # what waits to be loaded is nothing that a user writes.
    fixed = {"account_role", "failure_destination", "sweep", "table_loads", *_NEVER_MADE}
    assert (kind.kind in CHANGES) == bool(SAMPLES[kind].desired() and kind.kind not in fixed)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_every_kind_says_which_rights_it_needs(kind: type[Resource[Any]]) -> None:
    assert kind.permissions.read
    # What a load needs is said where it is done: in the update.
    assert bool(kind.permissions.create) == (kind.kind not in {*_NEVER_MADE, "table_loads"}) or (
        kind.kind == "table_loads" and bool(kind.permissions.update)
    )
    every = (
        kind.permissions.read + kind.permissions.create
        + kind.permissions.update + kind.permissions.delete
    )  # fmt: skip
    assert all(re.fullmatch(r"[a-z0-9]+:[A-Z][A-Za-z]+", action) for action in every)


# Size --------------------------------------------------------------------------------------------


def test_no_file_is_too_long() -> None:
    found = {
        name(path): lines
        for path in ALL
        if (lines := len(path.read_text(encoding="utf-8").splitlines()))
        > (_LONGEST_TEST_FILE if path.is_relative_to(TESTS) else _LONGEST_FILE)
    }
    assert found == {}


def test_no_function_is_too_long() -> None:
    found = {
        f"{name(path)}:{function.name}": length(function)
        for path in SOURCES
        for function in functions(path)
        if length(function) > _LONGEST_FUNCTION
    }
    assert found == {}


def test_most_functions_are_short() -> None:
    lengths = sorted(length(function) for path in SOURCES for function in functions(path))
    assert statistics.median(lengths) <= _USUAL_FUNCTION
    assert lengths[len(lengths) * 9 // 10] <= _NINE_OF_TEN_FUNCTIONS


# Words -------------------------------------------------------------------------------------------


def test_no_module_class_or_function_is_called_after_nothing() -> None:
    empty = re.compile(
        r"(^|_)(utils?|managers?|helpers?|misc|common)(_|$)|(Manager|Helper|Utils?)$"
    )
    named = [path.stem for path in ALL]
    for path in SOURCES:
        defined = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        named += [node.name for node in ast.walk(parsed(path)) if isinstance(node, defined)]
    assert [word for word in named if empty.search(word)] == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [name(p) for p in SOURCES if p.stat().st_size and not ast.get_docstring(parsed(p))]
    assert silent == []


_EXCEPTION = re.compile(r"# (?:ruff: )?noqa(?P<rules>: [A-Z]+\d+(?:, ?[A-Z]+\d+)*)?(?P<reason>.*)")


def exceptions(paths: list[Path]) -> Iterator[tuple[str, re.Match[str]]]:
    for path in paths:
        if path != Path(__file__):
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                if found := _EXCEPTION.search(line):
                    yield f"{name(path)}:{number}", found


def test_every_exception_to_a_rule_names_the_rule() -> None:
    assert [place for place, found in exceptions(ALL) if not found["rules"]] == []


def test_every_exception_to_a_rule_says_why() -> None:
    assert [place for place, found in exceptions(SOURCES) if not found["reason"].strip()] == []


def test_nothing_of_this_machine_is_in_the_files() -> None:
    texts = [
        *ALL,
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/*"),
        *ROOT.glob("*.y*ml"),
        ROOT / "Makefile",
    ]
    here = re.compile(re.escape(str(ROOT)) + r"|/root/|/home/[a-z]")
    found = [name(p) for p in texts if p != Path(__file__) and here.search(p.read_text("utf-8"))]
    assert found == []


# Who may do what ---------------------------------------------------------------------------------


def test_only_the_command_line_prints() -> None:
    printing = {"print", "click.echo", "sys.stdout.write", "sys.stderr.write", "click.secho"}
    found = {
        name(path): uses(path) & printing
        for path in SOURCES
        if not below(path, "cli") and uses(path) & printing
    }
    # The servers of the sandbox are programs of their own, and the function's log is its stdout.
    servers = {path for path in found if re.fullmatch(r"dmslake/sandbox/\w+/__main__\.py", path)}
    assert set(found) - servers == set()


def test_every_error_is_caught_in_one_place_only() -> None:
    found = []
    for path in SOURCES:
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.ExceptHandler):
                caught = dotted(node.type) if node.type is not None else "everything"
                again = isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None
                if caught in ("Exception", "BaseException", "everything") and not again:
                    found.append(name(path))
    assert found == ["dmslake/cli/command.py"]


def test_nothing_is_left_unwritten() -> None:
    unwritten = {"NotImplementedError", "NotImplemented"}
    assert [name(path) for path in SOURCES if uses(path) & unwritten] == []


# Where time comes from; everywhere else it is a parameter.
CLOCKS = {
    "dmslake/cli/redrive_view.py": {"time.monotonic"},
    "dmslake/engine/clock.py": {"time.monotonic"},
    "dmslake/backfill/clock.py": {"datetime.now", "time.monotonic", "time.sleep", "time.time"},
    "dmslake/kinds/gap.py": {"datetime.now"},
    "dmslake/lake/mover.py": {"datetime.now", "time.monotonic", "time.perf_counter", "time.sleep"},
    "dmslake/operations/exclusive.py": {"datetime.now"},
    "dmslake/operations/observe.py": {"datetime.now"},
    "dmslake/operations/redrive.py": {"datetime.now"},
}
_TIME = {
    "datetime.now", "datetime.today", "datetime.utcnow", "time.sleep", "time.time",
    "time.monotonic", "time.perf_counter", "date.today",
}  # fmt: skip


def test_time_comes_from_few_places() -> None:
    found = {
        name(path): uses(path) & _TIME
        for path in SOURCES
        if uses(path) & _TIME and not below(path, "sandbox")
    }
    assert [path for path, used in found.items() if used - CLOCKS.get(path, set())] == []


def test_no_test_sleeps() -> None:
    sleeping = [name(p) for p in ALL if p.is_relative_to(TESTS) and "time.sleep" in uses(p)]
    assert sleeping == []


def test_every_command_is_a_file_and_every_file_with_a_command_is_listed() -> None:
    files = {
        path.stem
        for path in (PACKAGE / "cli").glob("*.py")
        if any(function.name == "command" for function in functions(path))
    }
    assert files == {module.rpartition(".")[2] for module, _ in COMMANDS.values()}
    assert files == set(COMMANDS)


def test_the_tests_mirror_the_packages() -> None:
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py") if path.stat().st_size}
    missing = packages - {path.parent.name for path in TESTS.glob("*/__init__.py")} - {"kinds"}
    assert missing == set()
    folders = {path.parent for path in TESTS.rglob("test_*.py")}
    assert [name(folder) for folder in folders if not (folder / "__init__.py").exists()] == []
