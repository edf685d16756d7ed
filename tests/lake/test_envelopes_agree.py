"""The same object, whichever way the function hears of it, goes to the same place."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dmslake.lake import manifest_key
from dmslake.lake.envelopes import DeliveryError, ObjectRef, open_envelope
from dmslake.lake.layout import Layout
from dmslake.lake.manifest_key import ManifestKey
from dmslake.lake.objects import Skipped
from dmslake.lake.outcome import Outcome, Status
from dmslake.lake.routing import Route, Router
from dmslake.lake.seen import Seen
from tests.lake.events import eventbridge, failed, message, notification, tasks
from tests.lake.strategies import paths, times

SEEN = Seen(
    '"d41d8cd98f00b204e9800998ecf8427e"', 1024, datetime(2026, 11, 23, 14, 47, 2, tzinfo=UTC)
)
ROUTER = Router(staging_prefix="", lake_prefix="raw", layout=Layout())

Maker = Callable[[str], dict[str, Any]]


def _as_manifest(key: str, seen: Seen | None) -> str:
    return manifest_key.write(ManifestKey(key, None, seen))


WAYS: dict[str, Maker] = {
    "notification": notification,
    "eventbridge": eventbridge,
    "sqs": lambda key: {"Records": [message("m", notification(key))]},
    "sqs of eventbridge": lambda key: {"Records": [message("m", eventbridge(key))]},
    "sqs of on-failure": lambda key: {"Records": [message("m", failed(notification(key)))]},
    "on-failure": lambda key: failed(notification(key)),
    "on-failure of eventbridge": lambda key: failed(eventbridge(key)),
    "on-failure of sqs": lambda key: failed({"Records": [message("m", notification(key))]}),
    "on-failure of on-failure": lambda key: failed(failed(notification(key))),
    "batch 1.0": lambda key: tasks(_as_manifest(key, None), version="1.0"),
    "batch 2.0": lambda key: tasks(_as_manifest(key, None)),
    "batch 1.0 with json": lambda key: tasks(_as_manifest(key, SEEN), version="1.0"),
    "batch 2.0 with json": lambda key: tasks(_as_manifest(key, SEEN)),
}


def only(event: dict[str, Any]) -> ObjectRef:
    # Through text, as every event comes.
    (entry,) = open_envelope(json.loads(json.dumps(event))).entries
    assert isinstance(entry, ObjectRef), entry
    return entry


@given(paths, times)
@example("s/t/a b+c%2Fd=e.csv", SEEN.last_modified)
@example("s/t/f.csv?versionId=abc", SEEN.last_modified)
@example('{"k":"s/t/f.csv","t":1,"e":"a","s":2}', SEEN.last_modified)
@example('{"k":"a"}/t/f.csv', SEEN.last_modified)
@example("s/t/line\nbreak\r\t\u0000📦.csv", SEEN.last_modified)
def test_one_key_and_one_target_whichever_way_it_comes(key: str, arrived: datetime) -> None:
    refs = {name: only(make(key)) for name, make in WAYS.items()}
    assert {
        name: (ref.bucket, ref.key, ref.version_id) for name, ref in refs.items()
    } == dict.fromkeys(WAYS, ("staging", key, None))
    routes = {ROUTER.route(ref.key, arrived) for ref in refs.values()}
    assert len(routes) == 1


@given(paths)
def test_what_the_manifest_saw_gives_the_target_that_a_look_gives(key: str) -> None:
    seen = only(WAYS["batch 2.0 with json"](key)).seen
    if seen is None:
        assert len(quote(key)) > 500
        return
    assert seen == SEEN
    assert ROUTER.route(key, seen.last_modified) == ROUTER.route(key, SEEN.last_modified)


@given(paths)
def test_an_inventorys_encoding_gives_the_same_key(key: str) -> None:
    if not key.startswith("{"):
        assert only(tasks(quote_plus(key, safe="/"))).key == key
        assert only(tasks(quote_plus(key))).key == key


_HALF = st.characters(categories=["Cs"])


@pytest.mark.parametrize("way", ["notification", "eventbridge", "sqs", "on-failure", "batch 2.0"])
@given(half=_HALF)
def test_half_a_character_is_no_key_and_never_takes_the_others_down(way: str, half: str) -> None:
    key = f"s/t/{half}.csv"
    raw = {
        "notification": {"Records": [_with_key(key)]},
        "eventbridge": eventbridge(key),
        "sqs": {"Records": [message("m", {"Records": [_with_key(key)]})]},
        "on-failure": failed({"Records": [_with_key(key)]}),
        "batch 2.0": tasks(key),
    }[way]
    (entry,) = open_envelope(json.loads(json.dumps(raw))).entries
    assert isinstance(entry, Outcome)
    assert entry.status is Status.FAILED
    assert "cannot be read" in entry.error
    assert entry.error.isascii()


def _with_key(key: str) -> dict[str, Any]:
    made = notification("x")["Records"][0]
    made["s3"]["object"]["key"] = key
    return dict(made)


def test_the_ways_lead_somewhere() -> None:
    assert all(
        isinstance(ROUTER.route(only(make("s/t/f.csv")).key, SEEN.last_modified), Route)
        for make in WAYS.values()
    )


TOO_LONG = "key-too-long: the lake key would be 1059 bytes long, S3 takes 1024"


def answer_to_a_long_key(way: str) -> dict[str, object]:
    envelope = open_envelope(WAYS[way]("s/t/" + "é" * 500))
    (ref,) = envelope.entries
    assert isinstance(ref, ObjectRef)
    route = ROUTER.route(ref.key, SEEN.last_modified)
    assert isinstance(route, Skipped)
    return envelope.reply([Outcome.skipped(ref.address, route)])


@pytest.mark.parametrize("way", [way for way in WAYS if not way.startswith(("sqs", "batch"))])
def test_a_key_that_would_be_too_long_ends_as_a_dead_letter(way: str) -> None:
    with pytest.raises(DeliveryError, match=TOO_LONG):
        answer_to_a_long_key(way)


@pytest.mark.parametrize("way", [way for way in WAYS if way.startswith("sqs")])
def test_a_key_that_would_be_too_long_stays_in_its_queue(way: str) -> None:
    assert answer_to_a_long_key(way) == {"batchItemFailures": [{"itemIdentifier": "m"}]}


@pytest.mark.parametrize("way", [way for way in WAYS if way.startswith("batch")])
def test_a_key_that_would_be_too_long_fails_its_task(way: str) -> None:
    text = f"failed: {TOO_LONG}"
    result = {"taskId": "t-1", "resultCode": "PermanentFailure", "resultString": text}
    assert answer_to_a_long_key(way)["results"] == [result]
