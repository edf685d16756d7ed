"""Look at a pipeline once: what runs, what arrived, what failed, and what to make of it."""

from __future__ import annotations

from datetime import UTC, datetime

from dmslake.aws.clients import Clients
from dmslake.aws.errors import translating
from dmslake.blueprint.names import Names
from dmslake.monitor.reading import read_snapshot
from dmslake.monitor.snapshot import Snapshot
from dmslake.monitor.subject import Subject
from dmslake.monitor.verdict import Verdict, judge
from dmslake.spec import Spec


def observe(
    spec: Spec, clients: Clients, *, now: datetime | None = None
) -> tuple[Snapshot, Verdict]:
    """Return one snapshot of the pipeline and the verdict on it. Reads only.

    Raises CloudError when AWS cannot be read; a pipeline that does not exist is no error.
    """
    with translating("reading the pipeline"):
        subject = subject_of(spec, Names(spec.name, clients.account))
        snapshot = read_snapshot(subject, clients, now or datetime.now(UTC))
    return snapshot, judge(snapshot)


def subject_of(spec: Spec, names: Names) -> Subject:
    """Return what is watched of a pipeline."""
    return Subject(
        pipeline=spec.name,
        task=names.task,
        instance=spec.replication.instance.arn or names.instance,
        serverless=names.serverless if spec.replication.serverless else None,
        source_endpoint=names.source_endpoint,
        target_endpoint=names.target_endpoint,
        function=names.function,
        function_log_group=names.function_log_group,
        dead_letters=names.dead_letters,
        lake_bucket=spec.lake.bucket,
        lake_prefix=spec.lake.prefix,
        template=spec.lake.template,
    )
