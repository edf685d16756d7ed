"""IAM documents in a form in which a plan can say what differs: statements by their Sid."""

from __future__ import annotations

import json
from collections.abc import Mapping

Statement = Mapping[str, object]


def document(statements: Mapping[str, Statement]) -> str:
    """Return the JSON document of statements keyed by Sid."""
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Sid": sid, **body} for sid, body in statements.items()],
        }
    )


def attributes(name: str, statements: Mapping[str, Statement]) -> dict[str, object]:
    """Return a document as attributes: each statement, and the exact set of Sids.

    The set makes a statement that somebody added by hand a difference, too.
    """
    return {
        name: {sid: _canonical(body) for sid, body in statements.items()},
        f"{name}_statements": tuple(sorted(statements)),
    }


def parse(document: object) -> dict[str, Statement]:
    """Return the statements of a live document (JSON text or already decoded) by Sid.

    Statements without a Sid are numbered, so that they are seen and not lost.
    """
    decoded = json.loads(document) if isinstance(document, str) else document
    statements = decoded.get("Statement", []) if isinstance(decoded, dict) else []
    listed = [statements] if isinstance(statements, dict) else statements
    return {
        str(body.get("Sid") or f"unnamed-{number}"): {k: v for k, v in body.items() if k != "Sid"}
        for number, body in enumerate(listed, 1)
    }


def _canonical(value: object) -> object:
    """AWS may return a list of one as a plain value, and lists in any order."""
    if isinstance(value, Mapping):
        return {key: _canonical(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        items = tuple(sorted(str(item) for item in value))
        return items[0] if len(items) == 1 else items
    return str(value).lower() if isinstance(value, bool) else value
