"""Endpoints: what is sent for each way to sign in, what is compared, and how DMS is put up with."""

from __future__ import annotations

import dataclasses
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError

from dmslake.engine.assessment import assess, resource_changes
from dmslake.engine.plan import Action
from dmslake.engine.resource import Broken, Interrupt, Pending
from dmslake.errors import ConflictError
from dmslake.kinds.endpoint import Endpoint
from dmslake.kinds.endpoint_settings import ENUMS, NEVER_RETURNED
from tests.kinds.dms.fake_dms import ABSENT, BUSY, OWNER, FakeDms, Fault, arn, tags_in

ARN = arn("endpoint", "shop-source")
ROLE = "arn:aws:iam::123456789012:role/shop-source"
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/1"
DENIED = Fault("AccessDeniedFault", "The IAM Role is not configured properly.")


def source(fake: FakeDms, **fields: Any) -> Endpoint:
    given: dict[str, Any] = {
        "engine": "postgres",
        "server": "db.example.com",
        "port": 5432,
        "database": "shop",
        "username": "dms",
        "password": "s3cret",
        "password_fingerprint": "00ff00ff",
        "ssl_mode": "require",
    }
    given.update(fields)
    return Endpoint(name="shop-source", owner=OWNER, direction="source", clock=fake.clock, **given)


def with_secret(fake: FakeDms, **settings: object) -> Endpoint:
    access = {"SecretsManagerAccessRoleArn": ROLE, "SecretsManagerSecretId": SECRET}
    return source(
        fake, server=None, port=None, username=None, password=None, password_fingerprint=None,
        settings_member="PostgreSQLSettings", settings={**settings, **access},
    )  # fmt: skip


def target(fake: FakeDms, **settings: object) -> Endpoint:
    given = {"BucketName": "acme-staging", "ServiceAccessRoleArn": ROLE, **settings}
    return Endpoint(
        name="shop-staging", owner=OWNER, direction="target", engine="s3", clock=fake.clock,
        settings_member="S3Settings", settings=given,
    )  # fmt: skip


def described(**members: object) -> dict[str, Any]:
    """Return an answer with the source endpoint in the service's own shape."""
    endpoint = {
        "EndpointIdentifier": "shop-source",
        "EndpointType": "SOURCE",
        "EngineName": "postgres",
        "ServerName": "db.example.com",
        "Port": 5432,
        "DatabaseName": "shop",
        "Username": "dms",
        "Status": "active",
        "EndpointArn": ARN,
        "SslMode": "require",
        "KmsKeyId": KEY,
    }
    return {"Endpoints": [{**endpoint, **members}]}


def described_target(**settings: object) -> dict[str, Any]:
    given = {"BucketName": "acme-staging", "ServiceAccessRoleArn": ROLE, **settings}
    return {
        "Endpoints": [
            {
                "EndpointIdentifier": "shop-staging",
                "EndpointType": "TARGET",
                "EngineName": "s3",
                "Status": "active",
                "EndpointArn": arn("endpoint", "shop-staging"),
                "SslMode": "none",
                "S3Settings": given,
            }
        ]
    }


def changes(endpoint: Endpoint, fake: FakeDms) -> list[str]:
    live = endpoint.read(fake.clients())
    assert live is not None
    return [change.attribute for change in resource_changes(endpoint, live)]


def test_a_password_goes_to_both_views_of_the_connection(fake: FakeDms) -> None:
    fake.on("DescribeEndpoints", ABSENT)
    endpoint = source(
        fake, settings_member="PostgreSQLSettings", settings={"HeartbeatEnable": True}
    )
    endpoint.create(fake.clients())
    (sent,) = fake.sent("CreateEndpoint")
    connection = {
        "ServerName": "db.example.com",
        "Port": 5432,
        "DatabaseName": "shop",
        "Username": "dms",
        "Password": "s3cret",
    }
    assert sent["PostgreSQLSettings"] == {"HeartbeatEnable": True, **connection}
    assert {name: sent[name] for name in connection} == connection
    assert sent["SslMode"] == "require"
    assert tags_in(sent) == {
        "dmslake:pipeline": OWNER,
        "dmslake:password-fingerprint": "00ff00ff",
    }


def test_with_a_secret_no_credentials_are_sent_anywhere(fake: FakeDms) -> None:
    fake.on("DescribeEndpoints", ABSENT)
    with_secret(fake, SlotName="shop").create(fake.clients())
    (sent,) = fake.sent("CreateEndpoint")
    assert sent["PostgreSQLSettings"] == {
        "DatabaseName": "shop",
        "SlotName": "shop",
        "SecretsManagerAccessRoleArn": ROLE,
        "SecretsManagerSecretId": SECRET,
    }
    assert sent["DatabaseName"] == "shop"
    assert not sent.keys() & {"Username", "Password", "ServerName", "Port"}


def test_empty_texts_are_left_out_where_they_mean_nothing(fake: FakeDms) -> None:
    fake.on("DescribeEndpoints", ABSENT)
    target(fake, TimestampColumnName="", CsvNullValue="").create(fake.clients())
    (sent,) = fake.sent("CreateEndpoint")
    assert sent["S3Settings"]["CsvNullValue"] == ""
    assert "TimestampColumnName" not in sent["S3Settings"]
    assert "SslMode" not in sent


def test_what_the_service_adds_and_respells_is_no_difference(fake: FakeDms) -> None:
    fake.on(
        "DescribeEndpoints",
        described_target(
            CompressionType="GZIP", DatePartitionSequence="yyyymmdd", RowGroupLength=10000
        ),
    )
    endpoint = target(fake, CompressionType="gzip", DatePartitionSequence="YYYYMMDD")
    assert changes(endpoint, fake) == []


def test_only_enums_are_respelt(fake: FakeDms) -> None:
    fake.on("DescribeEndpoints", described_target(TimestampColumnName="dms_ts"))
    assert changes(target(fake, TimestampColumnName="DMS_TS"), fake) == [
        "settings.TimestampColumnName"
    ]


def test_the_enums_and_secrets_are_those_of_the_service_model() -> None:
    model: Any = botocore.session.get_session().get_service_model("dms")
    structures = (
        "S3Settings", "MySQLSettings", "GcpMySQLSettings", "PostgreSQLSettings", "OracleSettings",
        "MicrosoftSQLServerSettings", "IBMDb2Settings", "SybaseSettings", "MongoDbSettings",
        "DocDbSettings",
    )  # fmt: skip
    members: list[Any] = [
        (name, shape)
        for structure in structures
        for name, shape in model.shape_for(structure).members.items()
    ]
    assert {name for name, shape in members if getattr(shape, "enum", None)} == ENUMS
    assert {name for name, shape in members if shape.metadata.get("sensitive")} == NEVER_RETURNED


def test_extra_attributes_are_found_in_either_view(fake: FakeDms) -> None:
    fake.on(
        "DescribeEndpoints",
        described(
            ExtraConnectionAttributes="other=1;afterConnectScript=x",
            PostgreSQLSettings={"HeartbeatEnable": True},
        ),
    )
    assert changes(source(fake, extra_attributes="afterConnectScript=x"), fake) == [
        "password_fingerprint"
    ]
    assert changes(source(fake, extra_attributes="heartbeatEnable=Y;new=1"), fake) == [
        "password_fingerprint",
        "extra_attributes.new",
    ]


def test_a_key_of_s3_is_sent_again_and_read_back(fake: FakeDms) -> None:
    settings = {"EncryptionMode": "sse-kms", "ServerSideEncryptionKmsKeyId": KEY}
    dropped = described_target(EncryptionMode="SSE_KMS")
    fake.on("DescribeEndpoints", ABSENT, dropped)
    fake.on("ModifyEndpoint", BUSY, {})
    endpoint, aws = target(fake, **settings), fake.clients()
    endpoint.create(aws)
    sent = fake.sent("ModifyEndpoint")[-1]
    assert sent["S3Settings"]["ServerSideEncryptionKmsKeyId"] == KEY
    assert sent["EngineName"] == "s3"
    early = endpoint.read(aws)
    assert early is not None
    assert endpoint.settle(early) == Pending("modifying")
    fake.on("DescribeEndpoints", described_target(**settings))
    late = endpoint.read(aws)
    assert late is not None
    assert assess(endpoint, late).action is Action.NOTHING


def test_a_key_that_is_never_kept_is_told(fake: FakeDms) -> None:
    fake.on("DescribeEndpoints", ABSENT, described_target(EncryptionMode="SSE_KMS"))
    settings = {"EncryptionMode": "sse-kms", "ServerSideEncryptionKmsKeyId": KEY}
    endpoint, aws = target(fake, **settings), fake.clients()
    endpoint.create(aws)
    for _ in range(60):
        endpoint.read(aws)
    live = endpoint.read(aws)
    assert live is not None
    settled = endpoint.settle(live)
    assert isinstance(settled, Broken)
    assert "did not keep the KMS key" in settled.reason


@pytest.mark.parametrize(
    ("there", "wanted", "action"),
    [("sse-s3", "sse-kms", Action.REPLACE), ("sse-kms", "sse-s3", Action.UPDATE)],
)
def test_encryption_changes_in_place_in_one_direction_only(
    fake: FakeDms, there: str, wanted: str, action: Action
) -> None:
    fake.on("DescribeEndpoints", described_target(EncryptionMode=there))
    endpoint = target(fake, EncryptionMode=wanted)
    assert assess(endpoint, endpoint.read(fake.clients())).action is action


def test_a_change_names_the_engine_and_repeats_what_is_known(fake: FakeDms) -> None:
    fake.on("DescribeEndpoints", described())
    endpoint = source(fake, port=5433, password_fingerprint=None)
    live = endpoint.read(fake.clients())
    step = assess(endpoint, live)
    assert (step.action, step.interrupt) == (Action.UPDATE, Interrupt.RESTARTS)
    endpoint.update(fake.clients(), {"port": 5433})
    (sent,) = fake.sent("ModifyEndpoint")
    assert (sent["EngineName"], sent["Port"], sent["Password"]) == ("postgres", 5433, "s3cret")
    assert "ExactSettings" not in sent
    assert not fake.sent("AddTagsToResource")


def test_from_credentials_to_a_secret_replaces_all_settings(fake: FakeDms) -> None:
    fake.on("DescribeEndpoints", described(PostgreSQLSettings={"Username": "dms"}))
    endpoint = with_secret(fake)
    endpoint.update(fake.clients(), endpoint.desired())
    (sent,) = fake.sent("ModifyEndpoint")
    assert sent["ExactSettings"] is True
    assert "Username" not in sent["PostgreSQLSettings"]


def test_from_a_secret_to_credentials_replaces_all_settings(fake: FakeDms) -> None:
    held = {"SecretsManagerSecretId": SECRET, "SecretsManagerAccessRoleArn": ROLE}
    fake.on("DescribeEndpoints", described(PostgreSQLSettings=held))
    endpoint = source(fake)
    endpoint.update(fake.clients(), endpoint.desired())
    (sent,) = fake.sent("ModifyEndpoint")
    assert sent["ExactSettings"] is True
    assert sent["PostgreSQLSettings"]["Password"] == "s3cret"
    assert "SecretsManagerSecretId" not in sent["PostgreSQLSettings"]


def test_passwords_in_the_settings_are_sent_and_never_compared(fake: FakeDms) -> None:
    fake.on("DescribeEndpoints", described(OracleSettings={"AsmUser": "asm"}))
    endpoint = source(
        fake, engine="postgres", password_fingerprint=None,
        settings_member="OracleSettings", settings={"AsmUser": "asm", "AsmPassword": "hidden"},
    )  # fmt: skip
    assert changes(endpoint, fake) == []
    assert "hidden" not in repr(endpoint) + str(endpoint.desired())


def test_a_certificate_is_compared_by_name_and_sent_by_arn(fake: FakeDms) -> None:
    old, new = arn("cert", "old"), arn("cert", "new")
    fake.on("DescribeEndpoints", described(CertificateArn=old))
    fake.on(
        "DescribeCertificates",
        {
            "Certificates": [
                {"CertificateIdentifier": "shop-ca-1", "CertificateArn": old},
                {"CertificateIdentifier": "shop-ca-2", "CertificateArn": new},
            ]
        },
    )
    same = source(fake, certificate="shop-ca-1", password_fingerprint=None)
    assert changes(same, fake) == []
    other = source(fake, certificate="shop-ca-2", password_fingerprint=None)
    assert changes(other, fake) == ["certificate"]
    other.update(fake.clients(), {"certificate": "shop-ca-2"})
    assert fake.sent("ModifyEndpoint")[-1]["CertificateArn"] == new


@pytest.mark.wrong_requests("an empty text is the only way there may be to take it off")
@pytest.mark.parametrize("answer", [{}, Fault("InvalidParameterValueException", "not an ARN")])
def test_a_certificate_that_is_no_longer_wanted_is_let_go_where_that_works(
    fake: FakeDms, answer: Any
) -> None:
    fake.on("DescribeEndpoints", described(CertificateArn=arn("cert", "old"), SslMode="verify-ca"))
    fake.on("DescribeCertificates", ABSENT)
    fake.on("ModifyEndpoint", {}, answer)
    endpoint = source(fake, password_fingerprint=None)
    assert changes(endpoint, fake) == ["ssl_mode"]
    endpoint.update(fake.clients(), {"ssl_mode": "require"})
    assert [r.get("CertificateArn") for r in fake.sent("ModifyEndpoint")] == [None, ""]


def test_a_new_role_is_waited_for(fake: FakeDms) -> None:
    fake.on("DescribeEndpoints", ABSENT)
    fake.on("CreateEndpoint", lambda _: DENIED if fake.clock.time < 40 else {})
    target(fake).create(fake.clients())
    assert 40 <= fake.clock.time <= 50


@pytest.mark.parametrize(
    ("fault", "least", "most"),
    [(DENIED, 180, 200), (Fault("AccessDeniedException", "not allowed"), 0, 0)],
)
def test_a_real_refusal_is_told_in_the_end(
    fake: FakeDms, fault: Fault, least: float, most: float
) -> None:
    fake.on("DescribeEndpoints", ABSENT)
    fake.on("CreateEndpoint", fault)
    with pytest.raises(ClientError):
        target(fake).create(fake.clients())
    assert least <= fake.clock.time <= most


def test_an_old_role_that_is_refused_is_told_soon(fake: FakeDms) -> None:
    fake.on("DescribeEndpoints", described_target())
    fake.on("ModifyEndpoint", DENIED)
    with pytest.raises(ClientError):
        target(fake).update(fake.clients(), {"settings": {}})
    assert fake.clock.time <= 45


def test_a_name_that_is_being_deleted_is_waited_out(fake: FakeDms) -> None:
    fake.on("DescribeEndpoints", described(Status="deleting"))
    taken = Fault("ResourceAlreadyExistsFault", "it already exists")
    fake.on("CreateEndpoint", taken, taken, taken, {})
    source(fake).create(fake.clients())
    assert len(fake.sent("CreateEndpoint")) == 4


def test_a_create_that_already_happened_is_no_error(fake: FakeDms) -> None:
    fake.on("DescribeEndpoints", described(Status="creating"))
    source(fake).create(fake.clients())
    assert not fake.sent("CreateEndpoint")


@pytest.mark.parametrize("owner", ["other", None])
def test_what_somebody_else_made_meanwhile_is_a_conflict(fake: FakeDms, owner: str | None) -> None:
    fake.owned_by(owner)
    fake.on("DescribeEndpoints", described())
    with pytest.raises(ConflictError, match="made by somebody else"):
        source(fake).create(fake.clients())


def test_deleting_waits_for_the_tasks_to_go(fake: FakeDms) -> None:
    fake.on("DescribeEndpoints", described())
    fake.on("DeleteEndpoint", BUSY, BUSY, {})
    source(fake).delete(fake.clients())
    assert len(fake.sent("DeleteEndpoint")) == 3


@pytest.mark.parametrize("answer", [ABSENT, described(Status="deleting"), {"Endpoints": []}])
def test_deleting_what_goes_or_is_gone_calls_nothing(fake: FakeDms, answer: Any) -> None:
    fake.on("DescribeEndpoints", answer)
    source(fake).delete(fake.clients())
    assert fake.writes == []


def test_an_empty_page_is_not_the_end(fake: FakeDms) -> None:
    fake.on("DescribeEndpoints", {"Endpoints": [], "Marker": "more"}, described())
    assert source(fake).read(fake.clients()) is not None
    assert fake.sent("DescribeEndpoints")[1]["Marker"] == "more"


def test_taking_over_puts_the_tags(fake: FakeDms) -> None:
    fake.owned_by(None)
    fake.on("DescribeEndpoints", described())
    endpoint = dataclasses.replace(source(fake), tags={"team": "data"})
    step = assess(endpoint, endpoint.read(fake.clients()), adopt=True)
    assert step.action is Action.UPDATE
    endpoint.update(fake.clients(), {"tags": endpoint.desired()["tags"]})
    assert tags_in(fake.sent("AddTagsToResource")[0])["dmslake:pipeline"] == OWNER
