"""The way from one layout of a lake to another: where each object of the lake belongs now. Pure."""

from __future__ import annotations

from datetime import datetime

from dmslake.lake.config import LoaderConfig
from dmslake.lake.layout import Layout, LayoutError, Origin
from dmslake.lake.objects import Skipped, SkipReason, StagedObject
from dmslake.lake.routing import Route, Router


class _Relaid(StagedObject):
    """A staged object as a lake key tells of it, with the LastModified that it had."""

    arrived: datetime


class LakeRouter(Router):
    """Decides where objects that are in the lake by an old layout belong by the new one.

    To a run it is like the loader's router: its staging folder is the lake's own. Raises
    LayoutError for an old layout that cannot be read back.
    """

    def __init__(self, config: LoaderConfig, old_layout: str) -> None:
        super().__init__(
            staging_prefix=config.lake_prefix,
            lake_prefix=config.lake_prefix,
            layout=Layout(config.layout),
            timezone=config.timezone,
            clock=config.clock,
            name_timezone=config.name_timezone,
        )
        self._old = _router(config, old_layout)
        self._new = _router(config, config.layout)

    def stage(self, key: str) -> StagedObject | Skipped:
        """Read an object of the lake back to what was staged; skip what the old layout never wrote.

        Where both layouts can be read in a key, that one counts which explains more of it: by it
        the staged key is shorter.
        """
        old, new = self._old.origin(key), self._new.origin(key)
        if old is None:
            return Skipped(SkipReason.OUTSIDE_PREFIX, "the old layout does not write such a key")
        if new is not None and (new == old or len(new.key) < len(old.key)):
            return Skipped(SkipReason.OUTSIDE_PREFIX, "it is where the new layout wants it")
        if new is not None and len(new.key) == len(old.key):
            return Skipped(SkipReason.UNSAFE_PATH, "both layouts can be read in its key")
        return self._relaid(old)

    def place(self, staged: StagedObject, last_modified: datetime) -> Route | Skipped:
        """Decide by the time that the key tells: that of the object is when it was copied."""
        arrived = staged.arrived if isinstance(staged, _Relaid) else last_modified
        return super().place(staged, arrived)

    def _relaid(self, origin: Origin) -> StagedObject | Skipped:
        staged = self._old.stage(origin.key)
        if isinstance(staged, Skipped):
            return staged
        found = _Relaid(*staged)
        found.arrived = origin.arrived
        return found


def _router(config: LoaderConfig, layout: str) -> Router:
    compiled = Layout(layout)
    compiled.check()
    return Router(
        staging_prefix=config.staging_prefix,
        lake_prefix=config.lake_prefix,
        layout=compiled,
        timezone=config.timezone,
        clock=config.clock,
        name_timezone=config.name_timezone,
    )


__all__ = ["LakeRouter", "LayoutError"]
