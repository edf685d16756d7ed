"""Certificates: imported once, told apart by name, and removed when nobody uses them."""

from __future__ import annotations

from typing import Any

import pytest

from dmslake.engine.assessment import assess, assess_unwanted
from dmslake.engine.plan import Action
from dmslake.kinds.certificate import Certificate
from dmslake.kinds.stale_certificates import StaleCertificates
from tests.kinds.dms.fake_dms import ABSENT, BUSY, OWNER, FakeDms, arn, tags_in

PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


def certificate(fake: FakeDms) -> Certificate:
    return Certificate(name="shop-ca-1", owner=OWNER, pem=PEM, clock=fake.clock)


def stale(fake: FakeDms, current: str | None) -> StaleCertificates:
    return StaleCertificates(
        name="shop-ca-", prefix="shop-ca-", current=current, owner=OWNER, clock=fake.clock
    )


def page(*names: str, marker: str = "") -> dict[str, Any]:
    found = [{"CertificateIdentifier": n, "CertificateArn": arn("cert", n)} for n in names]
    return {"Certificates": found, **({"Marker": marker} if marker else {})}


def test_it_is_imported_with_its_tags(fake: FakeDms) -> None:
    fake.on("DescribeCertificates", ABSENT)
    certificate(fake).create(fake.clients())
    (sent,) = fake.sent("ImportCertificate")
    assert (sent["CertificateIdentifier"], sent["CertificatePem"]) == ("shop-ca-1", PEM)
    assert tags_in(sent)["dmslake:pipeline"] == OWNER


def test_it_is_found_on_a_later_page(fake: FakeDms) -> None:
    fake.on("DescribeCertificates", page("a", marker="1"), page("SHOP-CA-1"))
    resource = certificate(fake)
    assert assess(resource, resource.read(fake.clients())).action is Action.NOTHING


def test_all_who_look_for_certificates_ask_the_same(fake: FakeDms) -> None:
    fake.on("DescribeCertificates", page("shop-ca-1"))
    certificate(fake).read(fake.clients())
    stale(fake, "shop-ca-1").read(fake.clients())
    one, other = fake.sent("DescribeCertificates")
    assert one == other


def test_it_goes_when_the_endpoint_has_let_go(fake: FakeDms) -> None:
    fake.on("DescribeCertificates", page("shop-ca-1"))
    fake.on("DeleteCertificate", BUSY, BUSY, {})
    certificate(fake).delete(fake.clients())
    assert len(fake.sent("DeleteCertificate")) == 3
    fake.on("DescribeCertificates", page())
    certificate(fake).delete(fake.clients())
    assert len(fake.sent("DeleteCertificate")) == 3


def test_the_ones_before_the_present_one_are_stale(fake: FakeDms) -> None:
    fake.on("DescribeCertificates", page("shop-ca-1", "shop-ca-2", "shop-other", "else"))
    resource = stale(fake, "shop-ca-2")
    step = assess_unwanted(resource, resource.read(fake.clients()))
    assert step.action is Action.DELETE
    resource.delete(fake.clients())
    assert [r["CertificateArn"] for r in fake.sent("DeleteCertificate")] == [
        arn("cert", "shop-ca-1")
    ]


def test_without_a_present_one_all_are_stale(fake: FakeDms) -> None:
    fake.on("DescribeCertificates", page("shop-ca-1", "shop-ca-2"))
    stale(fake, None).delete(fake.clients())
    assert len(fake.sent("DeleteCertificate")) == 2


@pytest.mark.parametrize("owner", ["other", None])
def test_those_of_others_are_none_of_ours(fake: FakeDms, owner: str | None) -> None:
    fake.owned_by(owner)
    fake.on("DescribeCertificates", page("shop-ca-1"))
    assert stale(fake, None).read(fake.clients()) is None


def test_one_that_is_never_let_go_stays_and_hinders_nobody(fake: FakeDms) -> None:
    fake.on("DescribeCertificates", page("shop-ca-1"))
    fake.on("DeleteCertificate", BUSY)
    stale(fake, None).delete(fake.clients())
    assert 300 <= fake.clock.time <= 320
    assert not StaleCertificates.insists
