"""Keys as numbers: the middle between two of them, for cutting a range of keys in two. Pure."""

from __future__ import annotations

_FIRST, _LAST = 0x20, 0x7E
_BASE = _LAST - _FIRST + 1
_DIGITS = 16


def last_below(prefix: str) -> str:
    """Return a key that no DMS file name below the prefix comes after."""
    return prefix + chr(_LAST) * _DIGITS


def middle(low: str, high: str) -> str | None:
    """Return a key between two keys, about half-way; None where there is none to be told."""
    shared = _shared(low, high)
    half = (_number(low[shared:]) + _number(high[shared:])) // 2
    found = low[:shared] + _text(half)
    return found if low < found < high else None


def _shared(low: str, high: str) -> int:
    pairs = enumerate(zip(low, high, strict=False))
    return next((at for at, (one, other) in pairs if one != other), min(len(low), len(high)))


def _number(text: str) -> int:
    value = 0
    for character in text[:_DIGITS].ljust(_DIGITS, chr(_FIRST)):
        value = value * _BASE + min(max(ord(character), _FIRST), _LAST) - _FIRST
    return value


def _text(value: int) -> str:
    digits: list[str] = []
    for _ in range(_DIGITS):
        value, digit = divmod(value, _BASE)
        digits.append(chr(digit + _FIRST))
    return "".join(reversed(digits)).rstrip(" ")
