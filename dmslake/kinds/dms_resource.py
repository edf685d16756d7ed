"""What the resources of DMS have in common: how they are found, owned, made, changed and removed.

DMS answers late and works on after it has answered. A name that is still being deleted is taken, a
thing in use cannot go, and a change shows some time after it was accepted.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Generic, TypeVar, cast

from dmslake.aws.clients import Clients
from dmslake.aws.errors import tolerating
from dmslake.aws.eventually import Refusal, eventually
from dmslake.engine.clock import Clock, SystemClock
from dmslake.engine.diff import differences
from dmslake.engine.resource import (
    Attributes,
    Broken,
    Live,
    Pending,
    Ready,
    Resource,
    Settled,
)
from dmslake.errors import ConflictError, NotFoundError
from dmslake.kinds.dms_search import ABSENT
from dmslake.kinds.dms_tags import put_tags, tags_of
from dmslake.kinds.recent import Recent
from dmslake.kinds.tags import OWNER_TAG, as_list, owned

Described = TypeVar("Described")

# The words for "wait" of all kinds of resources; `deleted` is an instance's last one.
ON_ITS_WAY = frozenset(
    {
        "creating", "modifying", "upgrading", "rebooting", "maintenance", "moving", "testing",
        "resetting-master-credentials", "deleting", "deleted",
    }
)  # fmt: skip
_LEAVING = ("deleting", "deleted")
_LOST = ("failed", "incompatible-", "inaccessible-")
_NAME_TAKEN = Refusal("ResourceAlreadyExistsFault")
_IN_USE = Refusal("InvalidResourceStateFault")
_NAME_IS_FREED = 600  # seconds: an instance takes 3 to 10 minutes to go


@dataclass(frozen=True)
class Seen(Generic[Described]):
    """A resource as DMS described it, its ARN, and its tags where they were read."""

    aws: Clients
    described: Described
    arn: str
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class DmsResource(Resource[Clients], Generic[Described]):
    """A resource of DMS that carries tags.

    Attributes:
        arn_member: the member of the description that holds the ARN; "" where there is none.
        arn_type: then, what the ARN is made of, together with the name.
        state_member: the member with DMS's word for how it is; "" for what is ready at once.
        passing: refusals of a create that pass by themselves.
        propagation: seconds for which they may.
        release: seconds for which what uses it may be on its way out.
        tagged: attributes that are kept in tags.
        clock: lets time pass.
        recent: what was asked of DMS in this run.
    """

    arn_member: ClassVar[str] = ""
    arn_type: ClassVar[str] = ""
    state_member: ClassVar[str] = ""
    passing: ClassVar[tuple[Refusal, ...]] = ()
    propagation: ClassVar[float] = 180
    release: ClassVar[float] = 120
    tagged: ClassVar[frozenset[str]] = frozenset({"tags"})

    tags: Mapping[str, str] = field(default_factory=dict)
    clock: Clock = field(default_factory=SystemClock, repr=False, compare=False)
    recent: Recent[Live] = field(default_factory=Recent, init=False, repr=False, compare=False)

    @abstractmethod
    def find(self, aws: Clients) -> Described | None:
        """Return the resource as DMS describes it, or None."""

    @abstractmethod
    def attributes(self, seen: Seen[Described]) -> Attributes:
        """Return what `desired` is compared with, but for the tags."""

    @abstractmethod
    def request(self, aws: Clients) -> None:
        """Call DMS to create it."""

    @abstractmethod
    def change(self, seen: Seen[Described], changed: Attributes) -> None:
        """Call DMS to change what is named, but for what is kept in tags."""

    @abstractmethod
    def request_deletion(self, seen: Seen[Described]) -> None:
        """Call DMS to delete it."""

    def failure(self, found: Described) -> str:  # noqa: ARG002 - few kinds say why they failed
        """Return why it failed, in DMS's words."""
        return ""

    def own_tags(self) -> dict[str, str]:
        """Return the user's tags and the one that says whose it is."""
        return owned(self.tags, self.owner)

    def all_tags(self) -> dict[str, str]:
        """Return every tag that it carries, those with a meaning of their own included."""
        return self.own_tags()

    def tag_list(self) -> Any:
        """Return every tag in the shape that a create takes."""
        return as_list(self.all_tags())

    def known_arn(self, aws: Clients) -> str | None:
        """Return its ARN, or None when it does not exist."""
        seen = self._look(aws)
        return None if seen is None else seen.arn

    def read(self, aws: Clients) -> Live | None:
        seen = self._look(aws)
        tags = None if seen is None else tags_of(aws, seen.arn)
        if seen is None or tags is None:
            return None
        owner = tags.get(OWNER_TAG)
        live = Live(
            attributes={**self.attributes(replace(seen, tags=tags)), "tags": tags},
            owner=owner,
            state=self.state(seen.described),
            reason=self.failure(seen.described) if owner == self.owner else "",
        )
        if live.state not in ON_ITS_WAY and self.recent.is_old(live):
            return replace(live, state="modifying")
        return live

    def state(self, found: Described) -> str:
        """Return DMS's word for how it is."""
        members = cast("Mapping[str, object]", found)
        return str(members.get(self.state_member, "")).lower()

    def settle(self, live: Live) -> Settled:
        if live.state.startswith(_LOST):
            return Broken(live.reason or f"DMS reports it as {live.state}")
        return Pending(live.state) if live.state in ON_ITS_WAY else Ready()

    def create(self, aws: Clients) -> None:
        def request() -> None:
            self.patiently(lambda: self._request_unless_there(aws), *self.passing)

        self.patiently(request, _NAME_TAKEN, within=_NAME_IS_FREED)

    def update(self, aws: Clients, changed: Attributes) -> None:
        seen = self._look(aws)
        if seen is None:
            raise NotFoundError(f"{self.describe()} does not exist")
        self.change(seen, changed)
        if changed.keys() & self.tagged:
            put_tags(aws, seen.arn, self.all_tags())
        self.expect(frozenset(changed))

    def delete(self, aws: Clients) -> None:
        with tolerating(ABSENT):
            self.patiently(
                lambda: self._request_deletion_unless_going(aws), _IN_USE, within=self.release
            )

    def patiently(
        self, call: Callable[[], object], *refusals: Refusal, within: float | None = None
    ) -> None:
        """Make a call, again while it is refused in a way that passes by itself."""
        eventually(call, *refusals, within=within or self.propagation, sleep=self.clock.sleep)

    def expect(self, asked: frozenset[str]) -> None:
        """Take answers for old, for a while, until they show what was asked for."""

        def is_old(live: Live) -> bool:
            wanted = {name: value for name, value in self.desired().items() if name in asked}
            return bool(
                differences(wanted, live.attributes, ignore=self.write_only, enums=self.enums)
            )

        self.recent.expect(is_old, asked)

    def _look(self, aws: Clients) -> Seen[Described] | None:
        found = self.find(aws)
        if found is None:
            return None
        members = cast("Mapping[str, str]", found)
        known = self.arn_member and members[self.arn_member]
        return Seen(aws, found, known or aws.account.arn("dms", f"{self.arn_type}:{self.name}"))

    def _request_unless_there(self, aws: Clients) -> None:
        seen = self._look(aws)
        if seen is None or self.state(seen.described) in _LEAVING:
            self.request(aws)
            return
        owner = (tags_of(aws, seen.arn) or {}).get(OWNER_TAG)
        if owner != self.owner:
            raise ConflictError(
                f"{self.describe()} was made by somebody else meanwhile",
                why=f"it belongs to pipeline {owner}" if owner else "it belongs to no pipeline",
                fix="run `dmslake plan` again",
            )

    def _request_deletion_unless_going(self, aws: Clients) -> None:
        seen = self._look(aws)
        if seen is not None and self.state(seen.described) not in _LEAVING:
            self.request_deletion(seen)
