"""JSON that anybody may have written: what is none is nothing."""

from __future__ import annotations

import json
from typing import Any


def json_object(text: str) -> dict[str, Any]:
    """Return the JSON object of a line; nothing for a line that is none (Lambda writes those)."""
    if not text.lstrip().startswith("{"):
        return {}
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}
