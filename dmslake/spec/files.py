"""Files that a spec names: certificates and JSON documents.

Paths that are not absolute start at the spec's folder. What a file holds never enters a message.
"""

import json
import re
import ssl
from dataclasses import dataclass
from pathlib import Path

from dmslake.spec.mistakes import mistake
from dmslake.spec.section import filled

_CERTIFICATE = re.compile(
    r"-----BEGIN CERTIFICATE-----\s+[A-Za-z0-9+/=\s]+?-----END CERTIFICATE-----"
)
_LARGEST = 2 * 1024 * 1024  # of a JSON document: what DMS takes
_SEQUENCE = 0x30  # the first byte of every certificate in DER


@dataclass(frozen=True)
class PemFile:
    """A chain of certificates in PEM, as DMS imports it."""

    path: Path
    text: str


def read_pem(base_dir: Path, written: str) -> PemFile:
    """Read a PEM file; a mistake says what is wrong with it."""
    path, text = _read(base_dir, written)
    if "PRIVATE KEY-----" in text:
        fix = "name a file with certificates only"
        raise mistake("{value} holds a private key", fix=fix)
    chain = _CERTIFICATE.findall(text)
    if not chain or not all(_is_certificate(pem) for pem in chain):
        fix = "name the PEM file of the authority's chain (-----BEGIN CERTIFICATE-----)"
        raise mistake("{value} holds no certificates in PEM", fix=fix)
    return PemFile(path, text)


def read_json(base_dir: Path, written: str) -> object:
    """Read a JSON file; a mistake says what is wrong with it."""
    _, text = _read(base_dir, written)
    return parse_json(text)


def parse_json(text: str) -> object:
    """Read a JSON text; a mistake says where it is not JSON, without quoting it."""
    if len(text.encode()) > _LARGEST:
        raise mistake("{value} is larger than 2 MB, which is the most that DMS takes")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        message = f"{{value}} is not JSON: line {error.lineno}, column {error.colno}"
        raise mistake(message, fix="correct it there") from None
    except RecursionError:
        raise mistake("{value} is nested too deeply") from None


def _read(base_dir: Path, written: str) -> tuple[Path, str]:
    path = base_dir / filled(written)
    try:
        return path, path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        fix = "a path that is not absolute starts at the spec's folder"
        raise mistake("the file {value} does not exist", fix=fix) from None
    except OSError as error:
        why = (error.strerror or type(error).__name__).lower()
        fix = "name a file that can be read"
        raise mistake(f"the file {{value}} cannot be read: {why}", fix=fix) from None
    except UnicodeDecodeError:
        raise mistake("the file {value} is not UTF-8 text") from None


def _is_certificate(pem: str) -> bool:
    try:
        return ssl.PEM_cert_to_DER_cert(pem)[:1] == bytes([_SEQUENCE])
    except ValueError:
        return False
