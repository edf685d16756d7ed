"""S3 Control on an endpoint that is an address: asked there, and not on a name made of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import boto3
import pytest

from dmslake.aws.hosts import use_bare_addresses

ANSWER = b"<Result><Job><JobId>12345</JobId><Status>Active</Status></Job></Result>"
ACCOUNT = "123456789012"


@pytest.fixture
def server() -> Iterator[tuple[str, list[dict[str, str]]]]:
    heard: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append({name.lower(): value for name, value in self.headers.items()})
            self.send_response(200)
            self.send_header("Content-Length", str(len(ANSWER)))
            self.end_headers()
            self.wfile.write(ANSWER)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    listening = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
    thread.start()
    yield f"127.0.0.1:{listening.server_port}", heard
    listening.shutdown()
    thread.join()
    listening.server_close()


def control(url: str) -> Any:
    session = boto3.Session(
        aws_access_key_id="a", aws_secret_access_key="b", region_name="eu-west-1"
    )
    return use_bare_addresses(session.client("s3control", endpoint_url=url))


def test_an_address_is_asked_as_it_is(server: tuple[str, list[dict[str, str]]]) -> None:
    authority, heard = server
    found = control(f"http://{authority}").describe_job(AccountId=ACCOUNT, JobId="12345")
    assert found["Job"]["Status"] == "Active"
    assert heard[0]["host"] == authority
    assert heard[0]["x-amz-account-id"] == ACCOUNT


def test_a_name_keeps_the_account_before_it() -> None:
    client, asked = control("https://s3-control.example.com"), []

    def before(request: Any, **_: Any) -> None:
        asked.append(request.url)
        raise InterruptedError

    client.meta.events.register("before-send.s3-control", before)
    with pytest.raises(InterruptedError):
        client.describe_job(AccountId=ACCOUNT, JobId="12345")
    assert asked == [f"https://{ACCOUNT}.s3-control.example.com/v20180820/jobs/12345"]
