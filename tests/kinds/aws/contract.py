"""The life of one resource: what every kind of ours must be able to do."""

from __future__ import annotations

import threading
from typing import Any

from dmslake.aws.clients import Clients
from dmslake.engine.assessment import assess, resource_changes
from dmslake.engine.clock import SystemClock
from dmslake.engine.plan import Action
from dmslake.engine.resource import Live, Resource
from dmslake.engine.waiter import Waiter
from dmslake.operations.guard import guard
from tests.contract.recording import Calls

Some = Resource[Any]


def waiter(aws: Clients) -> Waiter:
    stop = threading.Event()
    return Waiter(aws=aws, clock=SystemClock(stop), guard=guard, stop=stop)


def live_of(resource: Some, aws: Clients) -> Live:
    found = resource.read(aws)
    assert found is not None
    return found


def action(resource: Some, aws: Clients, *, adopt: bool = False) -> Action:
    return assess(resource, resource.read(aws), adopt=adopt).action


def make(resource: Some, aws: Clients) -> None:
    resource.create(aws)
    waiter(aws).until_ready(resource, lambda _: None)
    assert action(resource, aws) is Action.NOTHING


def change(resource: Some, aws: Clients) -> set[str]:
    """Bring what is there to what is wanted; return the names of what differed."""
    found = resource_changes(resource, live_of(resource, aws))
    names = {one.top for one in found}
    assert names
    wanted = resource.desired()
    resource.update(aws, {name: wanted[name] for name in names})
    waiter(aws).until_ready(resource, lambda _: None)
    assert action(resource, aws) is Action.NOTHING
    return names


def remove(resource: Some, aws: Clients) -> None:
    resource.delete(aws)
    waiter(aws).until_gone(resource, lambda _: None)


def live_through(resource: Some, changed: Some, aws: Clients, heard: Calls) -> set[str]:
    """Make, make again, change, remove and remove again; return the names of what differed."""
    assert resource.read(aws) is None
    allowed = resource.permissions
    heard.clear()
    make(resource, aws)
    resource.create(aws)
    assert action(resource, aws) is Action.NOTHING
    assert heard.actions <= {*allowed.create, *allowed.read}
    heard.clear()
    names = change(changed, aws)
    assert heard.actions <= {*allowed.update, *allowed.read}
    heard.clear()
    remove(changed, aws)
    changed.delete(aws)
    assert heard.actions <= {*allowed.delete, *allowed.read}
    assert not heard.mistakes
    return names
