"""From a YAML file to a `Spec`, or to every mistake in it at once.

Reads one file or standard input and the variables it is given; asks no service.
"""

import sys
from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import TextIO

from pydantic import SecretStr, ValidationError

from dmslake.errors import Problem, SpecError, UsageError
from dmslake.spec import syntax
from dmslake.spec.consistency import contradictions
from dmslake.spec.display import field_name
from dmslake.spec.document import Finding, Path, Place, read_document
from dmslake.spec.findings import Translator
from dmslake.spec.model.spec import Spec
from dmslake.spec.section import walk

STDIN = "-"
SECRETS: frozenset[Path] = frozenset(
    path for path, field in walk(Spec) if field.annotation is SecretStr
)
"""The paths of all fields that hold a secret."""


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
        base_dir: where relative paths in the spec start; handed to the models as their context.

    Raises:
        SpecError: the text has mistakes; it carries all of them.
    """
    outcome = _check(text, environ, base_dir)
    if isinstance(outcome, Spec):
        return outcome
    raise SpecError(file, tuple(_problem(file, finding) for finding in outcome))


def _check(text: str, environ: Mapping[str, str], base_dir: FilePath) -> Spec | list[Finding]:
    try:
        document = read_document(syntax.compose(text), environ, SECRETS)
    except syntax.SyntaxFinding as error:
        return [error.finding]
    findings = list(document.findings)
    translator = Translator(document, Spec)
    spec = None
    try:
        spec = Spec.model_validate(document.values[()], context={"base_dir": base_dir})
    except ValidationError as error:
        findings += translator.findings(error)
    spoiled = [finding.path for finding in findings]
    findings += [translator.explain(*found) for found in contradictions(document, spoiled)]
    return spec if spec and not findings else sorted(findings, key=lambda finding: finding.place)


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
