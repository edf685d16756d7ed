"""From a YAML file to a `Spec`, or to every mistake in it at once.

Reads one file or standard input, the files that it names, and the variables it is given; asks no
service.
"""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import TextIO, get_args

from pydantic import SecretStr, ValidationError

from dmslake.errors import Problem, SpecError, UsageError
from dmslake.spec import syntax
from dmslake.spec.consistency import contradictions
from dmslake.spec.display import field_name
from dmslake.spec.document import Document, Finding, Path, Place, read_document
from dmslake.spec.findings import Translator
from dmslake.spec.model.spec import Spec
from dmslake.spec.section import walk
from dmslake.spec.source_rules import SECRET_SETTINGS
from dmslake.spec.surroundings import Surroundings

STDIN = "-"
SECRETS: frozenset[Path] = frozenset(
    [path for path, field in walk(Spec) if SecretStr in get_args(field.annotation)]
    + [("source", "settings", name) for name in SECRET_SETTINGS]
)
"""The paths of everything that holds a secret."""


def load_spec(
    path: FilePath | str, *, environ: Mapping[str, str], stdin: TextIO | None = None
) -> Spec:
    """Read and check a spec file.

    Args:
        path: the YAML file; `-` reads `stdin`.
        environ: the variables for `${NAME}`.
        stdin: what `-` reads instead of the process's standard input.

    Raises:
        UsageError: the file cannot be read.
        SpecError: the file has mistakes; it carries all of them.
    """
    if str(path) == STDIN:
        text = (stdin or sys.stdin).read()
        return parse_spec(text, file="stdin", environ=environ, base_dir=FilePath())
    file = FilePath(path)
    return parse_spec(_read(file), file=str(file), environ=environ, base_dir=file.parent)


def parse_spec(text: str, *, file: str, environ: Mapping[str, str], base_dir: FilePath) -> Spec:
    """Check the text of a spec.

    Args:
        text: YAML.
        file: what messages call it.
        environ: the variables for `${NAME}`.
        base_dir: where relative paths in the spec start.

    Raises:
        SpecError: the text has mistakes; it carries all of them.
    """
    outcome = _check(text, environ, base_dir)
    if isinstance(outcome, _Checked):
        warnings = tuple(str(_problem(file, finding)) for finding in outcome.warnings)
        return outcome.spec.with_warnings(warnings)
    raise SpecError(file, tuple(_problem(file, finding) for finding in outcome))


@dataclass(frozen=True)
class _Checked:
    spec: Spec
    warnings: list[Finding]


def _check(text: str, environ: Mapping[str, str], base_dir: FilePath) -> _Checked | list[Finding]:
    try:
        document = read_document(syntax.compose(text), environ, SECRETS)
    except syntax.SyntaxFinding as error:
        return [error.finding]
    findings = list(document.findings)
    translator = Translator(document, Spec)
    around = _surroundings(document, base_dir)
    spec = None
    try:
        spec = Spec.model_validate(document.values[()], context=around)
    except ValidationError as error:
        findings += translator.findings(error)
    spoiled = [finding.path for finding in findings]
    found = contradictions(document, spoiled, around)
    findings += [translator.explain(*placed) for placed in found]
    if spec and not findings:
        return _Checked(spec, _sorted(translator.explain(*one) for one in around.warnings))
    return _sorted(findings)


def _surroundings(document: Document, base_dir: FilePath) -> Surroundings:
    engine = document.values.get(("source", "engine"))
    kind = document.values.get(("replication", "type"))
    return Surroundings(
        base_dir=base_dir,
        engine=engine if isinstance(engine, str) else "",
        replication_type=kind if isinstance(kind, str) else Surroundings.replication_type,
    )


def _sorted(findings: Iterable[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: finding.place)


def _problem(file: str, finding: Finding) -> Problem:
    return Problem(
        file=file,
        line=finding.place.line,
        column=finding.place.column,
        field=field_name(finding.path),
        message=finding.message,
        fix=finding.fix,
    )


def _read(file: FilePath) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        fix = "write it (config.example.yaml is a start), or name another one with --file"
        raise UsageError(f"{file} does not exist", fix=fix) from None
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise UsageError(
            f"{file} cannot be read", why=why, fix="name a file that can be read"
        ) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        problem = Finding((), Place(line, 1), "not UTF-8 text", "save the file as UTF-8")
        raise SpecError(str(file), (_problem(str(file), problem),)) from None
