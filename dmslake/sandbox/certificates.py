"""The sandbox's TLS: a certificate for this machine, and the authority that signed it.

The authority's key is forgotten as soon as it has signed, so whoever trusts the authority trusts
this one certificate and nothing else, ever. Nothing is added to the system's own trust.
"""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from dmslake.sandbox.ports import LOOPBACK

_VALID = timedelta(days=3650)
_RENEW_BEFORE = timedelta(days=30)


@dataclass(frozen=True)
class Certificates:
    """PEM files: what clients trust, and what the servers show."""

    authority: Path
    certificate: Path
    key: Path


def certificates_in(folder: Path) -> Certificates:
    """Return where the certificates of a sandbox stand, whether they exist or not."""
    return Certificates(folder / "authority.pem", folder / "server.pem", folder / "server-key.pem")


def ensure_certificates(folder: Path, now: datetime | None = None) -> Certificates:
    """Return certificates for localhost and 127.0.0.1 that hold for 30 days at least."""
    now = now or datetime.now(UTC)
    files = certificates_in(folder)
    if not _holds(files, now):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make(files, now)
    return files


def _holds(files: Certificates, now: datetime) -> bool:
    try:
        shown = x509.load_pem_x509_certificate(files.certificate.read_bytes())
        authority = x509.load_pem_x509_certificate(files.authority.read_bytes())
        key = serialization.load_pem_private_key(files.key.read_bytes(), password=None)
        shown.verify_directly_issued_by(authority)
    except (OSError, ValueError, TypeError, InvalidSignature):
        return False
    fits = key.public_key() == shown.public_key()
    return fits and shown.not_valid_after_utc - _RENEW_BEFORE > now


def _make(files: Certificates, now: datetime) -> None:
    authority_key = ec.generate_private_key(ec.SECP256R1())
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = _name("dmslake sandbox authority")
    authority = (
        _builder(issuer, issuer, authority_key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    shown = (
        _builder(_name("localhost"), issuer, key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(_names(), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()),
            critical=False,
        )
        .sign(authority_key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    _write(files.key, private)
    _write(files.certificate, shown.public_bytes(serialization.Encoding.PEM))
    _write(files.authority, authority.public_bytes(serialization.Encoding.PEM))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _VALID)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _names() -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName(
        [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address(LOOPBACK))]
    )


def _write(path: Path, content: bytes) -> None:
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(opened, "wb") as file:
        file.write(content)
