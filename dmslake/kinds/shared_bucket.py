"""A bucket that is somebody else's: used as it is, never configured and never removed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from dmslake.aws.clients import Clients
from dmslake.aws.errors import refusal_of
from dmslake.engine.resource import Attributes, Broken, Live, Permissions, Ready, Resource, Settled
from dmslake.kinds.bucket import why_hidden


@dataclass(frozen=True, kw_only=True)
class SharedBucket(Resource[Clients]):
    """A bucket that must exist in this account and in `region`; `purpose` is for messages."""

    kind: ClassVar[str] = "shared_bucket"
    given: ClassVar[bool] = True
    permissions: ClassVar[Permissions] = Permissions(read=("s3:ListBucket",))

    purpose: str
    region: str

    def describe(self) -> str:
        return f"existing {self.purpose} bucket {self.name}"

    def desired(self) -> Attributes:
        return {}

    def read(self, aws: Clients) -> Live | None:
        hidden: list[str | None] = []
        absent = refusal_of(lambda: hidden.append(why_hidden(aws, self.name)), "404")
        return None if absent else Live(reason=hidden[0] or "")

    def settle(self, live: Live) -> Settled:
        if not live.reason:
            return Ready()
        fix = "the pipeline needs it in its own account and region, and readable"
        return Broken(f"it {live.reason}", fix=fix)

    def create(self, aws: Clients) -> None:
        """Leave it to its owner."""

    def update(self, aws: Clients, changed: Attributes) -> None:
        """Leave it as it is."""

    def delete(self, aws: Clients) -> None:
        """Leave it where it is."""
