"""The hours of the day in which a backfill may copy. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Self

_FORM = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True)
class Window:
    """From the first time of the day to the second, in UTC; past midnight when that is earlier."""

    begins: time
    ends: time

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `22:00-06:00`; raises ValueError, whose text says what is wrong."""
        found = _FORM.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is not of the form HH:MM-HH:MM, as 22:00-06:00")
        first, second = time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
        if first == second:
            raise ValueError(f"{text!r} ends when it begins; leave it out to copy at any time")
        return cls(first, second)

    def opens(self, now: datetime) -> datetime | None:
        """Tell when it opens next; nothing while it is open. `now` is in UTC."""
        at = now.timetz().replace(tzinfo=None)
        if self.begins < self.ends:
            is_open = self.begins <= at < self.ends
        else:
            is_open = at >= self.begins or at < self.ends
        if is_open:
            return None
        today = datetime.combine(now.date(), self.begins, now.tzinfo)
        return today if today > now else today + timedelta(days=1)
