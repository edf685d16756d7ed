"""The certificates that a pipeline used before its present one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from dmslake.aws.clients import Clients
from dmslake.aws.errors import tolerating
from dmslake.aws.eventually import Refusal, eventually
from dmslake.engine.clock import Clock, SystemClock
from dmslake.engine.resource import Attributes, Live, Patience, Permissions, Resource
from dmslake.kinds.certificate import certificates
from dmslake.kinds.dms_search import ABSENT
from dmslake.kinds.dms_tags import tags_of
from dmslake.kinds.tags import OWNER_TAG

_STILL_USED = Refusal("InvalidResourceStateFault")
_RELEASE = 300  # seconds


@dataclass(frozen=True, kw_only=True)
class StaleCertificates(Resource[Clients]):
    """Certificates of this pipeline whose name has the prefix, but for `current`; only removed.

    One that an endpoint does not let go of stays, and hinders nobody.
    """

    kind: ClassVar[str] = "stale_certificates"
    insists: ClassVar[bool] = False
    patience: ClassVar[Patience] = Patience(usual=5, limit=60)
    permissions: ClassVar[Permissions] = Permissions(
        read=("dms:DescribeCertificates", "dms:ListTagsForResource"),
        delete=(
            "dms:DescribeCertificates", "dms:ListTagsForResource", "dms:DeleteCertificate",
        ),
    )  # fmt: skip

    prefix: str
    current: str | None
    clock: Clock = field(default_factory=SystemClock, repr=False, compare=False)

    def describe(self) -> str:
        return f"certificates {self.prefix}… that are no longer used"

    def desired(self) -> Attributes:
        return {}

    def read(self, aws: Clients) -> Live | None:
        count = len(list(self._stale(aws)))
        return Live(owner=self.owner, state=f"{count} left") if count else None

    def create(self, aws: Clients) -> None:
        """Make nothing: there is nothing to want."""

    def update(self, aws: Clients, changed: Attributes) -> None:
        """Change nothing: it has no attributes."""

    def delete(self, aws: Clients) -> None:
        for arn in list(self._stale(aws)):
            self._delete(aws, arn)

    def _delete(self, aws: Clients, arn: str) -> None:
        with tolerating(ABSENT, _STILL_USED.code):
            eventually(
                lambda: aws.dms.delete_certificate(CertificateArn=arn),
                _STILL_USED,
                within=_RELEASE,
                sleep=self.clock.sleep,
            )

    def _stale(self, aws: Clients) -> Iterator[str]:
        current = (self.current or "").lower()
        for found in certificates(aws):
            name, arn = found.get("CertificateIdentifier", "").lower(), found["CertificateArn"]
            if name.startswith(self.prefix.lower()) and name != current:
                tags = tags_of(aws, arn) or {}
                if tags.get(OWNER_TAG) == self.owner:
                    yield arn
