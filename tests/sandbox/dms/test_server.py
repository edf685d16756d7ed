from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from dmslake.sandbox.dms.operations import OPERATIONS
from dmslake.sandbox.dms.records import Endpoint
from dmslake.sandbox.dms.server import MOST_BYTES
from tests.sandbox.dms.harness import SOURCE, Harness, client_of, eventually, refusal

AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20261123/eu-west-1/dms/aws4_request, "
    "SignedHeaders=host, Signature=00"
)
TARGET = "AmazonDMSv20160101.DescribeEndpoints"
HEADERS = {"Authorization": AUTHORIZATION, "X-Amz-Target": TARGET}


@contextmanager
def connected(dms: Harness) -> Iterator[http.client.HTTPConnection]:
    host, port = dms.server.server_address[:2]
    connection = http.client.HTTPConnection(str(host), port, timeout=10)
    try:
        yield connection
    finally:
        connection.close()


def post(
    dms: Harness, headers: dict[str, str], body: bytes = b"{}"
) -> tuple[http.client.HTTPResponse, dict[str, object]]:
    with connected(dms) as connection:
        connection.request("POST", "/", body, headers)
        response = connection.getresponse()
        return response, json.loads(response.read())


def test_an_answer_has_the_protocol_s_headers(dms: Harness) -> None:
    response, body = post(dms, HEADERS)

    assert response.status == 200
    assert response.headers["Content-Type"] == "application/x-amz-json-1.1"
    assert response.headers["x-amzn-RequestId"]
    assert body == {"Endpoints": []}


def test_a_refusal_has_the_protocol_s_form(dms: Harness) -> None:
    asked = json.dumps({"Filters": [{"Name": "endpoint-id", "Values": ["absent"]}]}).encode()

    response, body = post(dms, HEADERS, asked)

    assert response.status == 400
    assert response.headers["x-amzn-ErrorType"] == "ResourceNotFoundFault"
    assert response.headers["x-amzn-RequestId"]
    assert body == {
        "__type": "ResourceNotFoundFault",
        "message": "No Endpoints found matching provided filters",
    }


def test_a_connection_is_kept_alive(dms: Harness) -> None:
    with connected(dms) as connection:
        for _ in range(3):
            connection.request("POST", "/", b"{}", HEADERS)
            response = connection.getresponse()
            assert response.read()
            assert not response.will_close


def test_health(dms: Harness) -> None:
    with connected(dms) as connection:
        connection.request("GET", "/health")
        assert connection.getresponse().read() == b'{"status": "ok"}'
        connection.request("GET", "/elsewhere")
        assert connection.getresponse().status == 404


@pytest.mark.parametrize(
    ("headers", "body", "status", "code"),
    [
        ({"X-Amz-Target": TARGET}, b"{}", 403, "MissingAuthenticationTokenException"),
        ({**HEADERS, "Authorization": "Basic x"}, b"{}", 400, "IncompleteSignatureException"),
        (
            {**HEADERS, "Authorization": AUTHORIZATION.replace("/dms/", "/s3/")},
            b"{}",
            400,
            "IncompleteSignatureException",
        ),
        ({"Authorization": AUTHORIZATION}, b"{}", 400, "UnknownOperationException"),
        ({**HEADERS, "X-Amz-Target": "DynamoDB.Scan"}, b"{}", 400, "UnknownOperationException"),
        (
            {**HEADERS, "X-Amz-Target": "AmazonDMSv20160101.MakeCoffee"},
            b"{}",
            400,
            "UnknownOperationException",
        ),
        (HEADERS, b"{", 400, "SerializationException"),
        (HEADERS, b"[]", 400, "SerializationException"),
        (HEADERS, b'\xff\xfe"', 400, "SerializationException"),
        ({**HEADERS, "Content-Length": "x"}, b"", 411, "SerializationException"),
        (
            {**HEADERS, "Content-Length": str(MOST_BYTES + 1)},
            b"",
            413,
            "RequestEntityTooLargeException",
        ),
    ],
)
def test_requests_that_are_not_the_protocol_s(
    dms: Harness, headers: dict[str, str], body: bytes, status: int, code: str
) -> None:
    response, answered = post(dms, headers, body)

    assert (response.status, answered["__type"]) == (status, code)


def test_an_operation_that_only_aws_has_is_refused_by_name(dms: Harness) -> None:
    code, message = refusal(
        dms.client.describe_data_providers,
    )

    assert code == "InvalidOperationFault"
    assert message == "DescribeDataProviders is not implemented by the dmslake sandbox"


def test_every_operation_of_the_table_is_one_of_the_service(dms: Harness) -> None:
    assert set(OPERATIONS) <= set(dms.client.meta.method_to_api_mapping.values())


def test_regions_are_worlds_of_their_own(dms: Harness) -> None:
    dms.create_endpoint("source", SOURCE)
    elsewhere = client_of(dms.server.url, "us-east-1")

    assert elsewhere.describe_endpoints()["Endpoints"] == []
    created = elsewhere.create_endpoint(EndpointIdentifier="source", **SOURCE)
    assert created["Endpoint"]["EndpointArn"].startswith("arn:aws:dms:us-east-1:123456789012:")
    elsewhere.close()


def test_a_cloud_that_does_not_answer_is_said_to_be_the_cause(dms: Harness) -> None:
    dms.cloud.reachable = False

    code, message = refusal(
        dms.client.create_replication_subnet_group,
        ReplicationSubnetGroupIdentifier="group",
        ReplicationSubnetGroupDescription="d",
        SubnetIds=["subnet-a", "subnet-b"],
    )

    assert code == "FailedDependencyFault"
    assert "did not answer" in message


def test_a_broken_service_answers_and_logs(dms: Harness, caplog: pytest.LogCaptureFixture) -> None:
    dms.service.store.put(_unshowable(dms))

    response, body = post(dms, HEADERS)

    assert (response.status, body["__type"]) == (500, "InternalFailure")
    eventually(lambda: "a request from" in caplog.text)


def _unshowable(dms: Harness) -> Endpoint:
    dms.create_endpoint("source", SOURCE)
    return replace(dms.service.store.all(Endpoint)[0], engine="no-such-engine")
