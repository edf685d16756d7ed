"""CreateJob, DescribeJob, ListJobs and UpdateJobStatus, as S3 Control answers them."""

from __future__ import annotations

import re
import uuid
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dmslake.sandbox.cloud.batch.documents import answer, descriptor, entry, parse, problem
from dmslake.sandbox.cloud.batch.model import Job, JobState, Shelf
from dmslake.sandbox.cloud.batch.role import SERVICE
from dmslake.sandbox.cloud.batch.runner import Runner
from dmslake.sandbox.cloud.permissions import caller_may_pass
from dmslake.sandbox.cloud.upstream import part, replace

_STEP_SECONDS = 0.1
_PATH = re.compile(r"/v20180820/jobs(?:/([^/]+)(/status)?)?/?")
_PAGE = 1000
_MAY_BE_CANCELLED = frozenset({
    JobState.NEW, JobState.PREPARING, JobState.SUSPENDED, JobState.READY, JobState.ACTIVE,
})  # fmt: skip
_ACTIONS = {
    ("POST", False, False): "CreateJob",
    ("GET", False, False): "ListJobs",
    ("GET", True, False): "DescribeJob",
    ("POST", True, True): "UpdateJobStatus",
}

Answer = tuple[int, Mapping[str, str], bytes]
Handle = Callable[..., Awaitable[Any]]


class BatchOperations:
    """The service: its jobs lie in a folder; `threads` tasks of a job run at once."""

    def __init__(self, folder: Path, *, threads: int) -> None:
        self._shelf = Shelf(folder)
        self._threads = threads
        self._runner: Runner | None = None
        self._sees: Callable[[str], bool] = lambda _: True

    def install(self, sees: Callable[[str], bool]) -> None:
        """Answer requests to S3 Control's jobs; `sees` tells whether services see a role."""
        self._sees = sees
        replace("app", "_handle_s3_control_request", self._before)

    def start(self) -> None:
        """Continue the jobs that an earlier process left."""
        self._runner = Runner(
            self._shelf, threads=self._threads, step_seconds=_STEP_SECONDS, sees=self._sees
        )
        for job in self._shelf.load():
            if job.state is not JobState.SUSPENDED:
                self._runner.begin(job)

    def close(self, seconds: float) -> None:
        """Begin no task any more, and wait that long for those that run."""
        if self._runner is not None:
            self._runner.close(seconds)

    def _before(self, handle: Handle) -> Handle:
        async def _handle_s3_control_request(
            path: str, method: str, body: bytes, query: Any, request_id: str, headers: Any = None
        ) -> Any:
            found = _PATH.fullmatch(path)
            if found is None:
                return await handle(path, method, body, query, request_id, headers)
            action = _ACTIONS.get((method, bool(found[1]), bool(found[2])))
            if action is None:
                return _error("MethodNotAllowed", "The method is not allowed here.", 405)
            headers = headers or {}
            refused = self._refusal(action, found[1], (headers, query, request_id))
            if refused is not None:
                return refused
            return self._answer(action, found[1], _Request(body, query, headers))

        return _handle_s3_control_request

    def _refusal(self, action: str, job: str | None, request: tuple[Any, Any, str]) -> Any:
        headers, query, request_id = request
        region = part("core.router", "extract_region")(headers, query)
        account = part("core.responses", "get_account_id")()
        arn = f"arn:aws:s3:{region}:{account}:job/{job}" if job else "*"
        denied = part("app", "_enforce_data_plane")(
            "s3", f"s3:{action}", headers, query, request_id, resource_arn=arn
        )
        return denied or part("services.s3", "s3control_account_error")(headers)

    def _answer(self, action: str, job: str | None, request: _Request) -> Answer:
        if action == "CreateJob":
            return self._create(request)
        if action == "ListJobs":
            return self._list(request.query)
        found = self._shelf.find(job or "")
        if found is None:
            return _error("NotFoundException", "The specified job was not found", 404)
        if action == "DescribeJob":
            return _done("DescribeJobResult", {"Job": descriptor(found)})
        return self._update(found, request.query)

    def _create(self, request: _Request) -> Answer:
        try:
            asked = parse(request.body)
        except ValueError as error:
            return _error("MalformedXML", str(error), 400)
        wrong = problem(asked)
        if wrong:
            return _error("InvalidRequest", wrong, 400)
        known = self._shelf.with_token(asked["ClientRequestToken"])
        if known is not None:
            if known.request != asked:
                return _error("IdempotencyException", "The token belongs to another job", 400)
            return _done("CreateJobResult", {"JobId": known.id})
        region = part("core.router", "extract_region")(request.headers, request.query)
        caller = part("core.router", "extract_access_key_id")(request.headers, request.query)
        if not caller_may_pass(caller, asked["RoleArn"], SERVICE, region):
            text = f"not authorized to perform: iam:PassRole on resource: {asked['RoleArn']}"
            return _error("AccessDenied", text, 403)
        return _done("CreateJobResult", {"JobId": self._begin(asked, region).id})

    def _begin(self, asked: dict[str, Any], region: str) -> Job:
        job = Job(
            id=str(uuid.uuid4()),
            account=part("core.responses", "get_account_id")(),
            region=region,
            token=asked["ClientRequestToken"],
            request=asked,
            created=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
            priority=int(asked["Priority"]),
        )
        self._shelf.keep(job)
        if self._runner is not None:
            self._runner.begin(job)
        return job

    def _list(self, query: Any) -> Answer:
        wanted = set(query.get("jobStatuses", []))
        found = [job for job in self._shelf.all() if not wanted or job.state in wanted]
        behind = int((query.get("nextToken") or ["0"])[0])
        most = int((query.get("maxResults") or [str(_PAGE)])[0])
        told: dict[str, Any] = {"Jobs": [entry(job) for job in found[behind : behind + most]]}
        if behind + most < len(found):
            told["NextToken"] = behind + most
        return _done("ListJobsResult", told)

    def _update(self, job: Job, query: Any) -> Answer:
        wanted = (query.get("requestedJobStatus") or [""])[0]
        reason = (query.get("statusUpdateReason") or [""])[0]
        with self._shelf.lock:
            before = job.state
            if wanted == "Cancelled" and before in _MAY_BE_CANCELLED:
                job.state, job.reason = JobState.CANCELLING, reason
            elif wanted == "Ready" and before is JobState.SUSPENDED:
                job.state, job.reason = JobState.NEW, reason or "confirmed"
            else:
                text = f"a job that is {before} cannot become {wanted}"
                return _error("JobStatusException", text, 400)
            self._shelf.keep(job)
        if before is JobState.SUSPENDED and self._runner is not None:
            self._runner.begin(job)
        told = {"JobId": job.id, "Status": job.state, "StatusUpdateReason": job.reason}
        return _done("UpdateJobStatusResult", told)


class _Request:
    """What of a request its handler reads."""

    def __init__(self, body: bytes, query: Any, headers: Any) -> None:
        self.body = body
        self.query = query
        self.headers = headers


def _done(name: str, content: Mapping[str, Any]) -> Answer:
    return 200, {"Content-Type": "application/xml"}, answer(name, content)


def _error(code: str, message: str, status: int) -> Answer:
    found: Answer = part("services.s3", "s3control_error")(code, message, status)
    return found
