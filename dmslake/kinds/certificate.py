"""A certificate of the source database's server, kept in DMS.

Certificates cannot change: a new text gets a new name, and the old one goes when no endpoint uses
it any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from dmslake.aws.clients import Clients
from dmslake.engine.resource import Attributes, Permissions
from dmslake.errors import NotFoundError
from dmslake.kinds.dms_resource import DmsResource, Seen
from dmslake.kinds.dms_search import search

if TYPE_CHECKING:
    from mypy_boto3_dms.type_defs import CertificateTypeDef

_PAGE = 100  # DMS gives ten at once unless asked for more


@dataclass(frozen=True, kw_only=True)
class Certificate(DmsResource["CertificateTypeDef"]):
    """A certificate, or a chain of them in one PEM text; its name changes with the text."""

    kind: ClassVar[str] = "certificate"
    arn_member: ClassVar[str] = "CertificateArn"
    release: ClassVar[float] = 300
    permissions: ClassVar[Permissions] = Permissions(
        read=("dms:DescribeCertificates", "dms:ListTagsForResource"),
        create=(
            "dms:DescribeCertificates", "dms:ListTagsForResource", "dms:ImportCertificate",
            "dms:AddTagsToResource",
        ),
        update=("dms:DescribeCertificates", "dms:AddTagsToResource"),
        delete=("dms:DescribeCertificates", "dms:DeleteCertificate"),
    )  # fmt: skip

    pem: str

    def desired(self) -> Attributes:
        return {"tags": self.own_tags()}

    def find(self, aws: Clients) -> CertificateTypeDef | None:
        return next((c for c in certificates(aws) if _name(c) == self.name.lower()), None)

    def attributes(self, seen: Seen[CertificateTypeDef]) -> Attributes:  # noqa: ARG002 - only a name
        return {}

    def request(self, aws: Clients) -> None:
        aws.dms.import_certificate(
            CertificateIdentifier=self.name, CertificatePem=self.pem, Tags=self.tag_list()
        )

    def change(self, seen: Seen[CertificateTypeDef], changed: Attributes) -> None:
        """Change nothing but the tags: there is no call for it."""

    def request_deletion(self, seen: Seen[CertificateTypeDef]) -> None:
        seen.aws.dms.delete_certificate(CertificateArn=seen.arn)


def certificates(aws: Clients) -> list[CertificateTypeDef]:
    """Return all certificates of the account and region; one call for all who look for one."""
    return search(aws.dms.describe_certificates, "Certificates", MaxRecords=_PAGE)


def certificate_arn(aws: Clients, name: str) -> str:
    """Return the ARN of the certificate of this name. Raises NotFoundError."""
    for found in certificates(aws):
        if _name(found) == name.lower():
            return found["CertificateArn"]
    raise NotFoundError(f"certificate {name} does not exist")


def certificate_name(aws: Clients, arn: str) -> str:
    """Return the name of the certificate with this ARN; the ARN itself when there is none."""
    for found in certificates(aws):
        if found.get("CertificateArn") == arn:
            return found.get("CertificateIdentifier", arn)
    return arn


def _name(certificate: CertificateTypeDef) -> str:
    return certificate.get("CertificateIdentifier", "").lower()
