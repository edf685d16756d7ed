from __future__ import annotations

from tests.sandbox.dms.fakes import ROLE
from tests.sandbox.dms.harness import SOURCE, TARGET, Harness, eventually, refusal


def test_a_connection_is_tested_for_real_and_in_its_time(dms: Harness) -> None:
    instance = dms.create_instance()
    source = dms.create_endpoint("source", SOURCE)

    begun = dms.client.test_connection(ReplicationInstanceArn=instance, EndpointArn=source)

    assert begun["Connection"] == {
        "ReplicationInstanceArn": instance,
        "EndpointArn": source,
        "Status": "testing",
        "EndpointIdentifier": "source",
        "ReplicationInstanceIdentifier": "instance",
    }
    eventually(lambda: len(dms.plane.sources) == 1)
    assert dms.connection(instance, source)["Status"] == "testing"
    assert dms.connected(instance, source) == "successful"
    assert "LastFailureMessage" not in dms.connection(instance, source)


def test_a_slow_test_goes_on_beyond_its_delay(dms: Harness) -> None:
    instance = dms.create_instance()
    source = dms.create_endpoint("source", SOURCE)
    dms.plane.gate.clear()
    dms.client.test_connection(ReplicationInstanceArn=instance, EndpointArn=source)

    dms.advance(60)

    assert dms.connection(instance, source)["Status"] == "testing"
    dms.plane.gate.set()
    assert dms.connected(instance, source) == "successful"


def test_a_failure_carries_its_reason(dms: Harness) -> None:
    instance = dms.create_instance()
    source = dms.create_endpoint("source", SOURCE)
    dms.plane.source_failure = "password authentication failed for user dms"

    assert dms.connect(instance, source) == "failed"
    message = dms.connection(instance, source)["LastFailureMessage"]
    assert message.startswith("Test Endpoint failed: Application-Status: ")
    assert "Application-Message: password authentication failed" in message
    assert "hunter2" not in message


def test_a_failed_test_can_be_made_again(dms: Harness) -> None:
    instance = dms.create_instance()
    target = dms.create_endpoint("target", TARGET)
    dms.plane.target_failure = "no such bucket"
    assert dms.connect(instance, target) == "failed"

    dms.plane.target_failure = None

    assert dms.connect(instance, target) == "successful"
    assert "LastFailureMessage" not in dms.connection(instance, target)


def test_a_role_that_no_longer_trusts_dms_fails_the_test(dms: Harness) -> None:
    instance = dms.create_instance()
    target = dms.create_endpoint("target", TARGET)
    dms.cloud.roles[ROLE] = "lambda.amazonaws.com"

    assert dms.connect(instance, target) == "failed"
    assert "does not trust dms" in dms.connection(instance, target)["LastFailureMessage"]


def test_engines_that_the_sandbox_cannot_replicate_fail_the_test(dms: Harness) -> None:
    instance = dms.create_instance()
    mysql = dms.create_endpoint("mysql", {**SOURCE, "EngineName": "mysql"})
    postgres = dms.create_endpoint("pg-target", {**SOURCE, "EndpointType": "target"})

    assert dms.connect(instance, mysql) == "failed"
    assert (
        "the sandbox can only read PostgreSQL, not MySQL"
        in (dms.connection(instance, mysql)["LastFailureMessage"])
    )
    assert dms.connect(instance, postgres) == "failed"
    assert (
        "the sandbox writes to Amazon S3 only"
        in (dms.connection(instance, postgres)["LastFailureMessage"])
    )


def test_a_second_test_waits_for_the_first(dms: Harness) -> None:
    instance = dms.create_instance()
    source = dms.create_endpoint("source", SOURCE)
    dms.client.test_connection(ReplicationInstanceArn=instance, EndpointArn=source)

    code, message = refusal(
        dms.client.test_connection, ReplicationInstanceArn=instance, EndpointArn=source
    )

    assert code == "InvalidResourceStateFault"
    assert "already being tested" in message


def test_the_instance_is_looked_at_before_the_endpoint(dms: Harness) -> None:
    absent_instance = "arn:aws:dms:eu-west-1:123456789012:rep:absent"
    absent = "arn:aws:dms:eu-west-1:123456789012:endpoint:absent"
    instance = dms.client.create_replication_instance(
        ReplicationInstanceIdentifier="i", ReplicationInstanceClass="dms.t3.medium"
    )["ReplicationInstance"]["ReplicationInstanceArn"]

    def refused(of: str) -> tuple[str, str]:
        return refusal(dms.client.test_connection, ReplicationInstanceArn=of, EndpointArn=absent)

    assert refused(absent_instance)[0] == "ResourceNotFoundFault"
    assert absent_instance in refused(absent_instance)[1]
    assert refused(instance)[0] == "InvalidResourceStateFault"
    dms.advance(dms.delays.instance_create)
    assert refused(instance)[0] == "ResourceNotFoundFault"
    assert absent in refused(instance)[1]


def test_an_endpoint_in_creation_is_not_tested(dms: Harness) -> None:
    instance = dms.create_instance()
    source = dms.client.create_endpoint(EndpointIdentifier="source", **SOURCE)["Endpoint"]

    code, message = refusal(
        dms.client.test_connection,
        ReplicationInstanceArn=instance,
        EndpointArn=source["EndpointArn"],
    )

    assert code == "InvalidResourceStateFault"
    assert "creating" in message


def test_modifying_an_endpoint_tests_it_again_from_every_instance(dms: Harness) -> None:
    first, second = dms.create_instance("first"), dms.create_instance("second")
    source = dms.create_endpoint("source", SOURCE)
    for instance in (first, second):
        assert dms.connect(instance, source) == "successful"
    dms.plane.source_failure = "no such host"

    dms.client.modify_endpoint(EndpointArn=source, ServerName="other.example.com")

    for instance in (first, second):
        assert dms.connection(instance, source)["Status"] == "testing"
        code, message = refusal(
            dms.client.test_connection, ReplicationInstanceArn=instance, EndpointArn=source
        )
        assert (code, "already being tested" in message) == ("InvalidResourceStateFault", True)
    for instance in (first, second):
        assert dms.connected(instance, source) == "failed"


def test_a_test_of_the_endpoint_as_it_was_counts_for_nothing(dms: Harness) -> None:
    instance = dms.create_instance()
    source = dms.create_endpoint("source", SOURCE)
    dms.plane.gate.clear()
    dms.client.test_connection(ReplicationInstanceArn=instance, EndpointArn=source)

    dms.client.modify_endpoint(EndpointArn=source, ServerName="other.example.com")
    dms.plane.source_failure = "no such host"
    dms.plane.gate.set()

    assert dms.connected(instance, source) == "failed"
    eventually(lambda: {one.host for one in dms.plane.sources} >= {"other.example.com"})


def test_an_endpoint_that_was_never_tested_is_not_tested_by_a_change(dms: Harness) -> None:
    dms.create_instance()
    source = dms.create_endpoint("source", SOURCE)

    dms.client.modify_endpoint(EndpointArn=source, ServerName="other.example.com")

    assert dms.client.describe_connections()["Connections"] == []


def test_a_change_voids_the_test_even_where_it_cannot_be_made_again_now(dms: Harness) -> None:
    instance = dms.create_instance()
    source = dms.create_endpoint("source", SOURCE)
    dms.connect(instance, source)
    dms.client.modify_replication_instance(
        ReplicationInstanceArn=instance, AllocatedStorage=80, ApplyImmediately=True
    )

    dms.client.modify_endpoint(EndpointArn=source, ServerName="other.example.com")

    assert dms.connection(instance, source)["Status"] == "failed"


def test_a_connection_can_be_deleted(dms: Harness) -> None:
    instance = dms.create_instance()
    source = dms.create_endpoint("source", SOURCE)
    both = {"ReplicationInstanceArn": instance, "EndpointArn": source}
    assert refusal(dms.client.delete_connection, **both)[0] == "ResourceNotFoundFault"
    dms.connect(instance, source)

    assert dms.client.delete_connection(**both)["Connection"]["Status"] == "deleting"
    dms.advance(dms.delays.connection_delete)

    assert dms.client.describe_connections()["Connections"] == []


def test_connections_go_with_their_endpoint(dms: Harness) -> None:
    instance = dms.create_instance()
    source = dms.create_endpoint("source", SOURCE)
    dms.connect(instance, source)

    dms.client.delete_endpoint(EndpointArn=source)
    assert dms.connection(instance, source)["Status"] == "deleting"
    dms.advance(dms.delays.endpoint_delete)

    filters = [{"Name": "endpoint-arn", "Values": [source]}]
    assert refusal(dms.client.describe_connections, Filters=filters) == (
        "ResourceNotFoundFault",
        "No Connections found matching provided filters",
    )


def test_filters_are_anded(dms: Harness) -> None:
    instance = dms.create_instance()
    source = dms.create_endpoint("source", SOURCE)
    target = dms.create_endpoint("target", TARGET)
    dms.connect(instance, source)
    dms.connect(instance, target)

    described = dms.client.describe_connections(
        Filters=[
            {"Name": "replication-instance-arn", "Values": [instance]},
            {"Name": "endpoint-arn", "Values": [target, "other"]},
        ]
    )

    assert [one["EndpointArn"] for one in described["Connections"]] == [target]
    both = dms.client.describe_connections()["Connections"]
    assert {one["EndpointArn"] for one in both} == {source, target}
