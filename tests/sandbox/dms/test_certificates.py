from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dmslake.sandbox.certificates import ensure_certificates
from tests.sandbox.dms.harness import SOURCE, Harness, refusal

INVALID = "InvalidCertificateFault"


@pytest.fixture
def pem(tmp_path: Path) -> str:
    """A chain of two certificates."""
    files = ensure_certificates(tmp_path / "tls")
    return files.certificate.read_text() + files.authority.read_text()


def import_one(dms: Harness, pem: str, name: str = "Trust-1", **more: Any) -> dict[str, Any]:
    answer = dms.client.import_certificate(CertificateIdentifier=name, CertificatePem=pem, **more)
    return dict(answer["Certificate"])


def names(dms: Harness, **more: Any) -> list[str]:
    page = dms.client.describe_certificates(**more)
    return [one["CertificateIdentifier"] for one in page["Certificates"]]


def test_a_certificate_is_imported_at_once_and_described(dms: Harness, pem: str) -> None:
    made = import_one(dms, pem, Tags=[{"Key": "team", "Value": "lake"}])

    found = dms.client.describe_certificates(
        Filters=[{"Name": "certificate-id", "Values": ["trust-1"]}]
    )["Certificates"][0]
    assert found == made
    assert found["CertificatePem"] == pem
    assert found["CertificateArn"].startswith("arn:aws:dms:eu-west-1:123456789012:cert:")
    assert (found["KeyLength"], found["SigningAlgorithm"]) == (256, "SHA256withECDSA")
    assert found["ValidToDate"] > found["ValidFromDate"]
    tags = dms.client.list_tags_for_resource(ResourceArn=found["CertificateArn"])["TagList"]
    assert tags == [{"Key": "team", "Value": "lake"}]


def test_a_name_is_taken_once(dms: Harness, pem: str) -> None:
    import_one(dms, pem)

    code, _ = refusal(
        dms.client.import_certificate, CertificateIdentifier="TRUST-1", CertificatePem=pem
    )

    assert code == "ResourceAlreadyExistsFault"


@pytest.mark.parametrize(
    "text",
    ["none", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"],
)
def test_what_is_no_certificate_is_refused(dms: Harness, text: str) -> None:
    code, _ = refusal(dms.client.import_certificate, CertificateIdentifier="c", CertificatePem=text)

    assert code == INVALID


def test_a_certificate_is_a_chain_or_a_wallet(dms: Harness, pem: str) -> None:
    wallet = b"wallet"
    made = dms.client.import_certificate(CertificateIdentifier="w", CertificateWallet=wallet)
    assert made["Certificate"]["CertificateWallet"] == wallet

    code = "InvalidParameterCombinationException"
    call = dms.client.import_certificate
    assert refusal(call, CertificateIdentifier="c")[0] == code
    both = {"CertificatePem": pem, "CertificateWallet": wallet}
    assert refusal(call, CertificateIdentifier="c", **both)[0] == code


def test_ten_certificates_are_a_page(dms: Harness, pem: str) -> None:
    for number in range(12):
        import_one(dms, pem, f"c{number:02}")

    first = dms.client.describe_certificates()

    assert len(first["Certificates"]) == 10
    assert names(dms, Marker=first["Marker"]) == ["c10", "c11"]
    assert len(names(dms, MaxRecords=20)) == 12


def test_a_filter_that_matches_nothing(dms: Harness) -> None:
    filters = [{"Name": "certificate-id", "Values": ["absent"]}]

    code, _ = refusal(dms.client.describe_certificates, Filters=filters)

    assert code == "ResourceNotFoundFault"


def test_a_certificate_in_use_stays(dms: Harness, pem: str) -> None:
    arn = import_one(dms, pem)["CertificateArn"]
    secured = {**SOURCE, "SslMode": "verify-full", "CertificateArn": arn}
    endpoint = dms.create_endpoint("source", secured)

    code, message = refusal(dms.client.delete_certificate, CertificateArn=arn)
    assert (code, "source" in message) == ("InvalidResourceStateFault", True)
    dms.client.modify_endpoint(EndpointArn=endpoint, SslMode="none", CertificateArn="")
    dms.client.delete_certificate(CertificateArn=arn)
    assert refusal(dms.client.delete_certificate, CertificateArn=arn)[0] == "ResourceNotFoundFault"


def test_an_endpoint_needs_a_certificate_that_exists(dms: Harness) -> None:
    asked = {**SOURCE, "EndpointIdentifier": "e", "SslMode": "verify-ca"}

    assert refusal(dms.client.create_endpoint, **asked)[0] == "InvalidParameterCombinationException"
    code, _ = refusal(dms.client.create_endpoint, CertificateArn="arn:aws:dms:::cert:no", **asked)
    assert code == "ResourceNotFoundFault"


def test_the_data_plane_gets_the_certificate(dms: Harness, pem: str) -> None:
    arn = import_one(dms, pem)["CertificateArn"]
    secured = {**SOURCE, "SslMode": "verify-ca", "CertificateArn": arn}
    instance, endpoint = dms.create_instance(), dms.create_endpoint("source", secured)

    assert dms.connect(instance, endpoint) == "successful"

    source = dms.plane.sources[-1]
    assert (source.ssl_mode, source.certificate) == ("verify-ca", pem)


def test_a_certificate_survives_a_crash(dms: Harness, pem: str) -> None:
    import_one(dms, pem)

    dms.crash()
    dms.start()

    assert names(dms) == ["trust-1"]
