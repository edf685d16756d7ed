"""Secrets never leave a plan: what a value shows of them is replaced before anybody sees it.

The engine compares fingerprints and settings; some settings hold passwords, and so may the text of
extra connection attributes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from dmslake.engine.diff import ABSENT

MASK = "(secret)"
# `SecurityDbEncryption` is the password of Oracle's encrypted tablespaces; its `…Name` is none.
_SECRET_NAME = re.compile(r"password|passphrase|securitydbencryption$", re.IGNORECASE)
_IN_TEXT = re.compile(r"(?i)\b(\w*(?:password|passphrase|securitydbencryption))=([^;]*)")


def is_secret(attribute: str) -> bool:
    """Whether an attribute (dotted path) holds a secret, or something made of one."""
    return _SECRET_NAME.search(attribute.rpartition(".")[2]) is not None


def masked(value: object) -> object:
    """Return a value as plain JSON types, with every secret in it replaced."""
    if isinstance(value, Mapping):
        return {
            str(name): MASK if is_secret(str(name)) and inner is not None else masked(inner)
            for name, inner in value.items()
        }
    if isinstance(value, (tuple, list)):
        return [masked(inner) for inner in value]
    if isinstance(value, (set, frozenset)):
        return [masked(inner) for inner in sorted(value, key=str)]
    if isinstance(value, str):
        return _IN_TEXT.sub(rf"\1={MASK}", value)
    if value is ABSENT or value is None or isinstance(value, (bool, int, float)):
        return None if value is ABSENT else value
    return str(value)
