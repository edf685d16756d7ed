"""What an unquoted YAML value means: the core schema of YAML 1.2.

PyYAML itself follows YAML 1.1: there `no` is false, `1:30` is 90 and `010` is 8.
"""

import re

_NULL = re.compile(r"null|Null|NULL|~|")
_TRUE = re.compile(r"true|True|TRUE")
_FALSE = re.compile(r"false|False|FALSE")
# What starts with a zero is an account or a code; 30 digits are enough for any count.
_DECIMAL = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,29})")
_OCTAL = re.compile(r"0o([0-7]{1,30})")
_HEX = re.compile(r"0x([0-9a-fA-F]{1,30})")
_FLOAT = re.compile(
    r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)\.[0-9]*|(?:0|[1-9][0-9]*)(?=[eE]))(?:[eE][-+]?[0-9]+)?"
)
_SPECIAL_FLOAT = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")

Scalar = None | bool | int | float | str


def is_null(text: str) -> bool:
    """Tell whether an unquoted scalar stands for "nothing"."""
    return _NULL.fullmatch(text) is not None


def resolve(text: str) -> Scalar:
    """Return the value of an unquoted scalar."""
    if is_null(text):
        return None
    if _TRUE.fullmatch(text):
        return True
    if _FALSE.fullmatch(text):
        return False
    return _number(text)


def _number(text: str) -> int | float | str:
    if _DECIMAL.fullmatch(text):
        return int(text)
    if octal := _OCTAL.fullmatch(text):
        return int(octal[1], 8)
    if hexadecimal := _HEX.fullmatch(text):
        return int(hexadecimal[1], 16)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _SPECIAL_FLOAT.fullmatch(text):
        return float(text.replace(".", "", 1))
    return text
