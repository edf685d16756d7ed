"""The two buckets and the function between them."""

from collections.abc import Iterator

from dmslake.spec.consistency.values import Values
from dmslake.spec.mistakes import Placed, mistake
from dmslake.spec.model.names import normal_prefix

_FEWEST_OF_A_QUEUE, _MOST_OF_A_QUEUE = 2, 1000


def checks(values: Values) -> Iterator[Placed]:
    """Yield what staging, lake and loader say against each other."""
    if values.on("staging", "existing") and values.written("staging", "expire_after_days"):
        message = "dmslake does not configure a bucket that is somebody else's"
        fix = "remove it, or remove existing: true"
        yield ("staging", "expire_after_days"), mistake(message, fix=fix)
    bucket = values.text("staging", "bucket")
    if bucket is not None and bucket == values.text("lake", "bucket"):
        yield from _overlap(values)
        yield from _one_bucket(values)
    yield from _queue(values)


def _overlap(values: Values) -> Iterator[Placed]:
    """A lake inside the staging folder would be loaded again and again, and the reverse expired."""
    outer = values.text("staging", "prefix", default="")
    inner = values.text("lake", "prefix", default="")
    if outer is None or inner is None:
        return
    if _contains(outer, inner) or _contains(inner, outer):
        message = "staging and lake are the same bucket, and one prefix is inside the other"
        fix = "give them different buckets, or prefixes such as staging and lake"
        yield ("lake", "prefix"), mistake(message, fix=fix)


def _contains(outer: str, inner: str) -> bool:
    folder = normal_prefix(outer) + "/"
    return folder == "/" or (normal_prefix(inner) + "/").startswith(folder)


def _one_bucket(values: Values) -> Iterator[Placed]:
    """What is said about one bucket twice has to be the same."""
    fix = "write the same in staging and in lake"
    message = "staging and lake are the same bucket, and they differ here"
    existing = values.on("staging", "existing"), values.on("lake", "existing")
    if None not in existing and existing[0] != existing[1]:
        yield ("lake", "existing"), mistake(message, fix=fix)
    keys = (values.text(name, "kms_key", default="") for name in ("staging", "lake"))
    staging, lake = keys
    if staging is not None and lake is not None and staging != lake:
        yield ("lake", "kms_key"), mistake(message, fix=fix)


def _queue(values: Values) -> Iterator[Placed]:
    """A queue's trigger keeps at least two runs going (Lambda API, ScalingConfig)."""
    runs = values.number("loader", "concurrency", default=_FEWEST_OF_A_QUEUE)
    if values.text("loader", "trigger", default="s3") != "sqs" or runs is None:
        return
    if not _FEWEST_OF_A_QUEUE <= runs <= _MOST_OF_A_QUEUE:
        fix = f"use {_FEWEST_OF_A_QUEUE} to {_MOST_OF_A_QUEUE}, or trigger: s3"
        yield ("loader", "concurrency"), mistake("{value} does not go with sqs", fix=fix)
