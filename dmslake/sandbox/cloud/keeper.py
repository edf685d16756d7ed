"""Keeps what MiniStack knows on disk while it runs, not only when it ends in good order.

Objects are written by MiniStack itself as they come. The rest (roles, functions, queues, logs) is
saved a moment after it may have changed, each service on its own, and none more than a twentieth
of the time: a killed cloud forgets the last quarter of a second, and of large logs the last few.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from dmslake.sandbox.cloud.upstream import part

Handler: TypeAlias = Callable[..., Awaitable[Any]]
_log = logging.getLogger(__name__)
_PAUSE_SECONDS = 0.2
_SHARE = 20


class Keeper:
    """A thread that saves the services that were touched; `touch` may be called from anywhere."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._touched: set[str] = set()
        self._due: dict[str, float] = {}
        self._woken = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)

    def start(self) -> None:
        """Begin to save."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._thread.start()

    def touch(self, module: str) -> None:
        """Note that a service (`services.<module>` of MiniStack) may have changed."""
        self._touched.add(module)
        self._woken.set()

    def close(self) -> None:
        """Save nothing more; MiniStack saves everything once again when it ends."""
        self._closed = True
        self._woken.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closed:
            self._woken.wait()
            # Not on the event, which is set: requests come in groups, and one save does for all.
            time.sleep(_PAUSE_SECONDS)
            self._woken.clear()
            self._save()
            if self._touched:
                self._woken.set()

    def _save(self) -> None:
        states = part("app", "_build_persistence_save_dict")()
        known = {module: key for key, module in part("app", "_state_map").items()}
        for module in list(self._touched):
            begun = time.monotonic()
            if self._closed or begun < self._due.get(module, 0.0):
                continue
            # Before it is read: what changes meanwhile counts as changed again.
            self._touched.discard(module)
            key = known.get(module, "")
            if key in states and not self._write(key, states[key]):
                self._touched.add(module)
            self._due[module] = begun + _SHARE * (time.monotonic() - begun)

    def _write(self, key: str, read: Callable[[], Any]) -> bool:
        try:
            state = read()
        except RuntimeError:
            return False  # A request changed it while it was copied; the next turn gets it whole.
        if state is None:
            return True
        version = part("core.persistence", "_state_format_version")(key)
        text = json.dumps(
            {"__ministack_format__": version, "payload": state},
            default=part("core.persistence", "_json_default"),
        )
        unfinished = self._folder / f"{key}.json.tmp"
        try:
            unfinished.write_text(text)
            unfinished.replace(self._folder / f"{key}.json")
        except OSError:
            _log.exception("the state of %s could not be saved", key)
            return False
        return True


def telling_handlers(
    handlers: Mapping[str, Handler], modules: Mapping[str, str], changed: Callable[[str], None]
) -> dict[str, Handler]:
    """Return MiniStack's request handlers, by service, so that each tells of what it changes."""
    return {
        name: _telling_handler(handle, modules[name], changed) for name, handle in handlers.items()
    }


def telling(
    changed: Callable[[str], None], *modules: str
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return what makes a function tell, after each call, that these services have changed."""

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*rest: Any, **named: Any) -> Any:
            try:
                return original(*rest, **named)
            finally:
                for module in modules:
                    changed(module)

        return call

    return make


def _telling_handler(handle: Handler, module: str, changed: Callable[[str], None]) -> Handler:
    async def handler(method: str, path: str, *rest: Any) -> Any:
        try:
            return await handle(method, path, *rest)
        finally:
            # MiniStack writes objects itself; only what belongs to a bucket is kept here.
            is_object = module == "s3" and "/" in path.strip("/")
            if method not in {"GET", "HEAD"} and not is_object:
                changed(module)

    return handler
