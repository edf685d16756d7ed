"""The sandbox's certificate is trusted for this machine by who trusts its authority."""

from __future__ import annotations

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from dmslake.sandbox.certificates import Certificates, ensure_certificates


def shake_hands(shown: Certificates, trusted: Path, name: str) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(shown.certificate, shown.key)
    client = ssl.create_default_context(cafile=str(trusted))
    near, far = socket.socketpair()

    def serve() -> None:
        try:
            server.wrap_socket(far, server_side=True).close()
        except (ssl.SSLError, OSError):
            far.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        client.wrap_socket(near, server_hostname=name).close()
    finally:
        near.close()
        thread.join()
        far.close()


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
def test_who_trusts_the_authority_trusts_the_server(tmp_path: Path, name: str) -> None:
    files = ensure_certificates(tmp_path)
    shake_hands(files, files.authority, name)


def test_the_certificate_holds_for_no_other_name(tmp_path: Path) -> None:
    files = ensure_certificates(tmp_path)
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(files, files.authority, "example.com")


def test_another_sandbox_is_not_trusted(tmp_path: Path) -> None:
    one, other = ensure_certificates(tmp_path / "a"), ensure_certificates(tmp_path / "b")
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(one, other.authority, "localhost")


def test_certificates_stay_as_they_are_and_private(tmp_path: Path) -> None:
    files = ensure_certificates(tmp_path)
    before = files.certificate.read_bytes()
    assert ensure_certificates(tmp_path).certificate.read_bytes() == before
    assert files.key.stat().st_mode & 0o777 == 0o600


def test_no_key_of_the_authority_is_kept(tmp_path: Path) -> None:
    files = ensure_certificates(tmp_path)
    keys = [path for path in tmp_path.iterdir() if b"PRIVATE KEY" in path.read_bytes()]
    assert keys == [files.key]


def test_certificates_are_renewed_in_time(tmp_path: Path) -> None:
    files = ensure_certificates(tmp_path)
    ends = x509.load_pem_x509_certificate(files.certificate.read_bytes()).not_valid_after_utc
    ensure_certificates(tmp_path, now=ends - timedelta(days=29))
    renewed = x509.load_pem_x509_certificate(files.certificate.read_bytes())
    assert renewed.not_valid_after_utc > ends + timedelta(days=3000)


@pytest.mark.parametrize("damaged", ["authority.pem", "server.pem", "server-key.pem"])
def test_damaged_certificates_are_made_again(tmp_path: Path, damaged: str) -> None:
    ensure_certificates(tmp_path)
    (tmp_path / damaged).write_text("nonsense")
    files = ensure_certificates(tmp_path)
    shake_hands(files, files.authority, "localhost")


def test_certificates_that_do_not_belong_together_are_made_again(tmp_path: Path) -> None:
    ensure_certificates(tmp_path / "a")
    ensure_certificates(tmp_path / "b")
    (tmp_path / "b" / "authority.pem").replace(tmp_path / "a" / "authority.pem")
    files = ensure_certificates(tmp_path / "a", now=datetime.now(UTC))
    shake_hands(files, files.authority, "localhost")
