"""TLS in front of a PostgreSQL that was built without it: the same protocol, encrypted."""

from __future__ import annotations

import asyncio
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from dmslake.sandbox.certificates import Certificates, certificates_in

_REQUEST = struct.pack("!II", 8, 80877103)


def certificates_for(name: str, folder: Path) -> Certificates:
    """Make a certificate that only this host may show; it is its own authority."""
    folder.mkdir()
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = certificates_in(folder)
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    files.certificate.write_bytes(pem)
    files.authority.write_bytes(pem)
    files.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files


@contextmanager
def tls_front(port: int, files: Certificates) -> Iterator[int]:
    """Serve a database's port with TLS; yield the port of the front."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files.certificate, files.key)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def serve() -> asyncio.Server:
        return await asyncio.start_server(
            lambda reader, writer: _session(reader, writer, port, context), "127.0.0.1", 0
        )

    async def end() -> None:
        server.close()
        running = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        # Aborted transports close their sockets in the loop's next round.
        await asyncio.sleep(0)

    server = asyncio.run_coroutine_threadsafe(serve(), loop).result()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(end(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _session(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int, context: ssl.SSLContext
) -> None:
    inside, outside = await asyncio.open_connection("127.0.0.1", port)
    try:
        first = await reader.readexactly(8)
        if first == _REQUEST:
            writer.write(b"S")
            await writer.drain()
            await writer.start_tls(context)
        else:
            outside.write(first)  # a request to cancel, which libpq sends in the clear
        await asyncio.gather(_copy(reader, outside), _copy(inside, writer))
    except (OSError, EOFError):
        return
    finally:
        for one in (writer, outside):
            one.transport.abort()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()
