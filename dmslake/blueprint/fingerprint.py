"""Whether a password changed since it was sent, without keeping it anywhere.

DMS never returns a password, and there is no state file. What stays is a fingerprint in a tag: slow
to compute (scrypt), salted with the pipeline, and cut to four bytes, so that it can tell that two
passwords differ but fits far too many of them to give one away.
"""

from __future__ import annotations

import hashlib
from functools import cache

_BYTES = 4
_COST = 2**14  # about 30 ms and 16 MB


@cache
def fingerprint(secret: str, salt: str) -> str:
    """Return eight hexadecimal digits."""
    digest = hashlib.scrypt(secret.encode(), salt=salt.encode(), n=_COST, r=8, p=1, dklen=_BYTES)
    return digest.hex()
