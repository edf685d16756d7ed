"""ETags as a ledger keeps them: there are as many of them as objects."""

from __future__ import annotations

_HEX_DIGITS = 32


def packed(etag: str) -> bytes | str:
    """Write an MD5 in 16 bytes instead of 32; anything else stays as it is."""
    if len(etag) == _HEX_DIGITS:
        try:
            short = bytes.fromhex(etag)
        except ValueError:
            return etag
        return short if short.hex() == etag else etag
    return etag


def unpacked(etag: bytes | str) -> str:
    """Return the ETag again, without quotes."""
    return etag.hex() if isinstance(etag, bytes) else etag
