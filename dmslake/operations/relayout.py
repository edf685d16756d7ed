"""Move a lake from one layout to the spec's: copy, verify, and only then delete the old objects."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, cast

from dmslake.aws.clients import Clients
from dmslake.aws.errors import translating
from dmslake.backfill.connecting import connect_store, terms_of
from dmslake.backfill.ledger import Ledger, Row, State
from dmslake.backfill.ledger_trouble import told
from dmslake.backfill.ledgers import here, open_ledger
from dmslake.backfill.mender import S3Mender
from dmslake.backfill.presence import present
from dmslake.backfill.relayout import LakeRouter, LayoutError
from dmslake.backfill.run import Progress, Run
from dmslake.blueprint.loader_config import loader_config
from dmslake.blueprint.names import Names
from dmslake.errors import UsageError
from dmslake.lake.config import LoaderConfig
from dmslake.lake.layout import Layout
from dmslake.lake.mover import Mover, S3Client
from dmslake.operations.backfill import Summary, Wish, about_run, work_off
from dmslake.spec import Spec

_BATCH = 1000  # DeleteObjects takes no more
_LOOKERS = 32
_IN_THE_LAKE = frozenset({State.COPIED, State.PRESENT})
_PLAIN = frozenset({"", "AES256"})


class Kept(NamedTuple):
    """An old object that was not deleted, and why."""

    key: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Deleted:
    """How many old objects were deleted; `kept` are those that were not."""

    count: int
    kept: tuple[Kept, ...]
    finished: bool


def relayout(
    spec: Spec,
    clients: Clients,
    wish: Wish,
    old_layout: str,
    *,
    on_progress: Callable[[Progress], None],
    stop: threading.Event,
) -> Summary:
    """Copy what lies in the lake by an old layout to where the spec's layout wants it.

    Deletes nothing. Raises UsageError for an old layout that cannot be read back, and otherwise
    what `backfill` does.
    """
    config = loader_config(spec, Names(spec.name, clients.account))
    router = _router(config, old_layout)
    folder = here(clients.account.id, clients.account.region, spec.name)
    about = about_run(config, wish, f"from-lake {Layout(old_layout).template}")
    ledger, continued = open_ledger(folder, about, restart=wish.restart)
    with told(ledger.path), closing(ledger), present(ledger.path) as tell:

        def both(progress: Progress) -> None:
            tell(progress)
            on_progress(progress)

        run, engine = _run(ledger, config, clients, wish, router)
        run.on_progress, run.stop = both, stop
        return work_off(run, engine, continued=continued)


def check_layout(spec: Spec, clients: Clients, old_layout: str) -> None:
    """Refuse an old layout that cannot be read back, or that is the spec's own: UsageError."""
    _router(loader_config(spec, Names(spec.name, clients.account)), old_layout)


def _router(config: LoaderConfig, old_layout: str) -> LakeRouter:
    try:
        same = Layout(old_layout).template == Layout(config.layout).template
        router = LakeRouter(config, old_layout)
    except LayoutError as error:
        raise UsageError(
            f"a lake of layout {old_layout!r} cannot be read back",
            why=str(error),
            fix="let the new lake be filled from what is staged: dmslake backfill",
        ) from error
    if same:
        raise UsageError(
            "the old layout is the spec's own: there is nothing to move",
            fix="set lake.layout in the spec to the new one, and give the old one to --from-lake",
        )
    return router


def _run(
    ledger: Ledger, config: LoaderConfig, clients: Clients, wish: Wish, router: LakeRouter
) -> tuple[Run, str]:
    with translating("looking at the lake"):
        terms = terms_of(config._replace(staging_bucket=config.lake_bucket), clients)
    terms = replace(terms, staging=terms.lake)
    store, engine = connect_store(terms, clients, wish.options.connections)
    s3: Any = clients.s3
    places = config._replace(staging_bucket=config.lake_bucket).places()
    # boto3's stubs type each request as its own keywords, which no plain protocol accepts.
    mover = Mover(cast("S3Client", s3), router, places)
    run = Run(
        ledger=ledger, store=store, mender=S3Mender(s3, terms, router, mover), router=router,
        terms=terms, selection=wish.selection, options=wish.options, on_progress=lambda _: None,
    )  # fmt: skip
    return run, engine


def delete_old(spec: Spec, clients: Clients, ledger: Path, stop: threading.Event) -> Deleted:
    """Delete the old objects of a run whose copies are in the lake, each looked at before that.

    A copy has to have the size of the old one, and its ETag where the two can be compared. Raises
    CloudError when the lake cannot be looked at, or deletion is refused as a whole.
    """
    bucket = loader_config(spec, Names(spec.name, clients.account)).lake_bucket
    count, kept = 0, list[Kept]()
    with (
        told(ledger),
        closing(Ledger.resume(ledger)) as opened,
        ThreadPoolExecutor(_LOOKERS, thread_name_prefix="verify") as pool,
        translating("deleting old objects of the lake"),
    ):
        rows = _copied(opened)
        while (batch := list(islice(rows, _BATCH))) and not stop.is_set():
            doubts = list(pool.map(lambda row: _doubt(clients, bucket, row), batch))
            paired = list(zip(batch, doubts, strict=True))
            kept += [Kept(row.key, doubt) for row, doubt in paired if doubt]
            refused = _delete(clients, bucket, [row.key for row, doubt in paired if not doubt])
            kept += refused
            count += sum(not doubt for doubt in doubts) - len(refused)
    return Deleted(count=count, kept=tuple(kept), finished=not stop.is_set())


def _copied(ledger: Ledger) -> Iterator[Row]:
    for row, state, _, _ in ledger.all_objects():
        if state in _IN_THE_LAKE and row.target != row.key:
            yield row


def _doubt(clients: Clients, bucket: str, row: Row) -> str:
    """Say why an object's copy is not to be trusted; nothing when it is."""
    owner = clients.account.id
    try:
        found: Any = clients.s3.head_object(
            Bucket=bucket, Key=row.target, ExpectedBucketOwner=owner
        )
    except clients.s3.exceptions.ClientError as error:
        if error.response.get("Error", {}).get("Code") == "404":
            return f"there is no copy at {row.target}"
        raise
    if found["ContentLength"] != row.size:
        return f"the copy at {row.target} has {found['ContentLength']} bytes, not {row.size}"
    etag = str(found["ETag"]).strip('"')
    # Of objects uploaded in parts, or encrypted with a key of KMS, the ETag is not the content's
    # MD5: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
    told_by_etag = found.get("ServerSideEncryption", "") in _PLAIN and "-" not in etag + row.etag
    if told_by_etag and etag != row.etag:
        return f"the copy at {row.target} has another content"
    return ""


def _delete(clients: Clients, bucket: str, keys: list[str]) -> list[Kept]:
    if not keys:
        return []
    answer: Any = clients.s3.delete_objects(
        Bucket=bucket,
        Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True},
        ExpectedBucketOwner=clients.account.id,
    )
    return [
        Kept(str(one.get("Key")), f"{one.get('Code')}: {one.get('Message')}")
        for one in answer.get("Errors", [])
    ]
