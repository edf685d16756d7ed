"""A job: what was asked for, and how far it has come. Data, kept in a file each."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any


class JobState(StrEnum):
    """The states of a job that occur here; jobs of other priorities never push one aside.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-job-status.html
    """

    NEW = "New"
    PREPARING = "Preparing"
    SUSPENDED = "Suspended"
    READY = "Ready"
    ACTIVE = "Active"
    COMPLETING = "Completing"
    COMPLETE = "Complete"
    CANCELLING = "Cancelling"
    CANCELLED = "Cancelled"
    FAILING = "Failing"
    FAILED = "Failed"

    @property
    def is_final(self) -> bool:
        return self in {JobState.COMPLETE, JobState.CANCELLED, JobState.FAILED}


@dataclass
class Job:
    """A job; `request` is CreateJob's, times are in ISO 8601."""

    id: str
    account: str
    region: str
    token: str
    request: dict[str, Any]
    created: str
    state: JobState = JobState.NEW
    priority: int = 0
    total: int = 0
    succeeded: int = 0
    failed: int = 0
    active_seconds: int = 0
    ended: str = ""
    reason: str = ""
    failures: list[dict[str, str]] = field(default_factory=list)

    @property
    def arn(self) -> str:
        return f"arn:aws:s3:{self.region}:{self.account}:job/{self.id}"

    @property
    def role(self) -> str:
        return str(self.request["RoleArn"])

    @property
    def invoke(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.request["Operation"]["LambdaInvoke"]
        return found

    @property
    def schema(self) -> str:
        return str(self.invoke.get("InvocationSchemaVersion") or "1.0")


@dataclass(frozen=True)
class Task:
    """One line of a manifest: the key as it is written there."""

    number: int
    bucket: str
    key: str
    version: str = ""


@dataclass(frozen=True)
class Result:
    """How a task ended; `status` is HTTP's, `code` is empty for one that succeeded."""

    succeeded: bool
    status: int
    code: str
    text: str


class Shelf:
    """The jobs of the account, in memory and on disk; safe to use from many threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._jobs: dict[str, Job] = {}
        self.lock = threading.RLock()

    def load(self) -> list[Job]:
        """Read what an earlier process left; returns the jobs that are not over."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for path in self._folder.glob("*.json"):
            kept = json.loads(path.read_text())
            job = Job(**{**kept, "state": JobState(kept["state"])})
            self._jobs[job.id] = job
        return [job for job in self._jobs.values() if not job.state.is_final]

    def find(self, name: str) -> Job | None:
        return self._jobs.get(name)

    def with_token(self, token: str) -> Job | None:
        return next((job for job in self.all() if job.token == token), None)

    def all(self) -> list[Job]:
        """Return the jobs, the newest first."""
        return sorted(self._jobs.values(), key=lambda job: job.created, reverse=True)

    def keep(self, job: Job) -> None:
        """Write a job."""
        with self.lock:
            self._jobs[job.id] = job
            unfinished = self._folder / f"{job.id}.new"
            unfinished.write_text(json.dumps(asdict(job)))
            unfinished.replace(self._folder / f"{job.id}.json")

    def results(self, job: Job) -> dict[int, Result]:
        """Read the results that tasks of a job have already, by the tasks' numbers."""
        found: dict[int, Result] = {}
        path = self._results(job)
        for line in path.read_text().splitlines() if path.exists() else ():
            try:
                number, *rest = json.loads(line)
            except ValueError:
                continue  # A kill cut the last line off: its task is done once more.
            found[number] = Result(*rest)
        return found

    def add(self, job: Job, number: int, result: Result) -> None:
        """Write the result of a task."""
        line = json.dumps([number, result.succeeded, result.status, result.code, result.text])
        with self.lock, self._results(job).open("a") as opened:
            opened.write(f"{line}\n")

    def _results(self, job: Job) -> Path:
        return self._folder / f"{job.id}.results"
