"""The AWS account that a command works in, and one boto3 client per service.

Where the services are is boto3's business (region, profile, `AWS_ENDPOINT_URL…`); nothing here asks
whether they are local.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, Self, cast

import boto3
from botocore.config import Config

from dmslake import __version__
from dmslake.aws.errors import translating
from dmslake.aws.hosts import use_bare_addresses
from dmslake.aws.memory import Memory
from dmslake.aws.retries import persist
from dmslake.errors import AccessError, UsageError

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_dms import DatabaseMigrationServiceClient
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sts import STSClient

# DMS allows 200 calls at once and 8 per second for the whole account: adaptive mode slows down
# instead of failing, and tries again where a connection breaks or AWS answers 5xx.
# https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Limits.html
_CONFIG = Config(
    retries={"mode": "adaptive", "max_attempts": 10},
    connect_timeout=5,
    read_timeout=60,
    max_pool_connections=32,
    user_agent_extra=f"dmslake/{__version__}",
)
# Who waits for the first answer waits for nothing else: no network should be told within seconds.
_FIRST_CONTACT = _CONFIG.merge(Config(retries={"mode": "standard", "total_max_attempts": 3}))


OnCall = Callable[[str, str], None]

NOTIFICATION_DELAY_S = 300.0
"""About how long S3 needs to act by a changed notification everywhere.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-to-enable-disable-notification-intro.html
"""


class SecretsReader(Protocol):
    """The one call of Secrets Manager that is made: what a secret holds is never read."""

    def describe_secret(self, **request: str) -> Mapping[str, object]: ...


class JobRunner(Protocol):
    """The calls of S3 Control that are made: those of S3 Batch Operations."""

    def create_job(self, **request: Any) -> Mapping[str, Any]: ...

    def describe_job(self, **request: Any) -> Mapping[str, Any]: ...

    def update_job_status(self, **request: Any) -> Mapping[str, Any]: ...


class TopicReader(Protocol):
    """The one call of SNS that is made."""

    def get_topic_attributes(self, **request: str) -> Mapping[str, object]: ...


@dataclass(frozen=True, kw_only=True)
class Account:
    """Whose resources these are: account id (12 digits), region, and partition, e.g. ``aws``."""

    id: str
    region: str
    partition: str = "aws"

    @property
    def dns_suffix(self) -> str:
        """What the names of services end in here; China has its own."""
        return "amazonaws.com.cn" if self.partition == "aws-cn" else "amazonaws.com"

    def arn(self, service: str, resource: str, *, regional: bool = True) -> str:
        """Return ``arn:<partition>:<service>:<region>:<account>:<resource>``."""
        region = self.region if regional else ""
        return f"arn:{self.partition}:{service}:{region}:{self.id}:{resource}"


class Clients:
    """One client per service, made at first use; safe to share between threads.

    Attributes:
        account: whose services these are.
        notification_delay_s: how long S3 takes to act by a changed notification everywhere.
    """

    def __init__(
        self, session: boto3.Session, account: Account, *, notification_delay_s: float = 0.0
    ) -> None:
        self._session = session
        self._made: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._memory = Memory()
        self.known_tags: dict[str, Mapping[str, str]] = {}
        """Tags by ARN that were read together, while `remembering`."""
        self.account = account
        self.notification_delay_s = notification_delay_s

    @property
    def credentials(self) -> Any:
        """What requests are signed with, for a client of another make; it refreshes itself."""
        return self._session.get_credentials()

    @property
    def authorities(self) -> str | None:
        """The PEM file of those whose certificates are trusted; None: those of the system."""
        core: Any = self._session._session  # noqa: SLF001 - boto3 hands the setting on only by it
        found: str | None = core.get_config_variable("ca_bundle")
        return found or os.environ.get("REQUESTS_CA_BUNDLE")

    @contextmanager
    def remembering(self) -> Iterator[Self]:
        """Answer each read once while the block runs, whichever thread asks; then forget.

        For looking at a pipeline as a whole: two resources that ask AWS the same make one call. Not
        for waiting, and not for reading what was written meanwhile.
        """
        try:
            with self._memory.awake():
                yield self
        finally:
            self.known_tags.clear()

    def _client(self, service: str) -> Any:
        with self._lock:  # making clients is not thread-safe in boto3, using them is
            if service not in self._made:
                made = _connect(self._session, service, self.account.region)
                self._memory.attend(made)
                self._made[service] = made
            return self._made[service]

    def invoker(self, seconds: float) -> LambdaClient:
        """Return a new client that waits so long for the answer of a function, and asks only once.

        A call that took longer must not be begun again unseen, and whoever replays thousands of
        events waits longer for a throttled function than botocore would.
        """
        once = Config(
            read_timeout=seconds,
            # Networks forget connections that are silent for minutes.
            # https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
            tcp_keepalive=True,
            retries={"mode": "standard", "total_max_attempts": 1},
        )
        with self._lock:
            made = _connect(self._session, "lambda", self.account.region, _CONFIG.merge(once))
        return cast("LambdaClient", made)

    def copier(self, connections: int) -> S3Client:
        """Return a new client for so many requests at once, which fails fast.

        Whoever copies by the million slows down by himself, table by table; a client that waits
        holds up a thread.
        """
        fast = Config(
            max_pool_connections=connections,
            retries={"mode": "standard", "total_max_attempts": 2},
        )
        with self._lock:
            made = _connect(self._session, "s3", self.account.region, _CONFIG.merge(fast))
        return cast("S3Client", made)

    @property
    def athena(self) -> AthenaClient:
        return cast("AthenaClient", self._client("athena"))

    @property
    def cloudwatch(self) -> CloudWatchClient:
        return cast("CloudWatchClient", self._client("cloudwatch"))

    @property
    def dms(self) -> DatabaseMigrationServiceClient:
        return cast("DatabaseMigrationServiceClient", self._client("dms"))

    @property
    def ec2(self) -> EC2Client:
        return cast("EC2Client", self._client("ec2"))

    @property
    def glue(self) -> GlueClient:
        return cast("GlueClient", self._client("glue"))

    @property
    def iam(self) -> IAMClient:
        return cast("IAMClient", self._client("iam"))

    @property
    def lambda_(self) -> LambdaClient:
        return cast("LambdaClient", self._client("lambda"))

    @property
    def logs(self) -> CloudWatchLogsClient:
        return cast("CloudWatchLogsClient", self._client("logs"))

    @property
    def s3(self) -> S3Client:
        return cast("S3Client", self._client("s3"))

    @property
    def s3control(self) -> JobRunner:
        return cast("JobRunner", self._client("s3control"))

    @property
    def secrets(self) -> SecretsReader:
        return cast("SecretsReader", self._client("secretsmanager"))

    @property
    def sns(self) -> TopicReader:
        return cast("TopicReader", self._client("sns"))

    @property
    def sqs(self) -> SQSClient:
        return cast("SQSClient", self._client("sqs"))


def connect(
    *,
    profile: str | None = None,
    region: str | None = None,
    spec_region: str | None = None,
    account: str | None = None,
    on_call: OnCall | None = None,
    notification_delay_s: float = NOTIFICATION_DELAY_S,
) -> Clients:
    """Find credentials and region the way every AWS tool does, and say whose they are.

    Args:
        profile: a profile of the AWS configuration; None for the default chain.
        region: overrides the environment and the profile.
        spec_region: the region that the spec names; one from elsewhere has to agree with it.
        account: the account id that it must be; None accepts any.
        on_call: told the service and the operation of every call, e.g. ``("s3", "HeadBucket")``.
        notification_delay_s: how long S3 takes to act by a changed notification everywhere.

    Raises:
        UsageError: no region, or a region or account other than the spec's.
        AccessError: no credentials, or AWS does not accept them.
        CloudError: AWS cannot be reached.
    """
    with translating("connecting to AWS"):
        session = _session(profile, region or os.environ.get("AWS_REGION") or None, spec_region)
        if on_call is not None:
            _listen(session, on_call)
        identity = _identity(session)
    found = Account(
        id=identity["Account"],
        region=session.region_name,
        partition=identity["Arn"].split(":")[1],
    )
    if account is not None and account != found.id:
        raise UsageError(
            f"these credentials belong to account {found.id}, the spec is for {account}",
            fix="choose another --profile, or correct aws.account in the spec",
        )
    return Clients(session, found, notification_delay_s=notification_delay_s)


def _session(profile: str | None, region: str | None, spec_region: str | None) -> boto3.Session:
    # botocore reads AWS_DEFAULT_REGION but not AWS_REGION, which other SDKs and the CLI put first.
    found = boto3.Session(profile_name=profile, region_name=region)
    if not found.region_name:  # None, whatever the stubs say
        if spec_region is None:
            raise UsageError(
                "no AWS region",
                why="neither --region, AWS_REGION, AWS_DEFAULT_REGION, the profile nor the spec "
                "names one",
                fix="set aws.region in the spec, or pass --region eu-west-1",
            )
        return boto3.Session(profile_name=profile, region_name=spec_region)
    if spec_region not in (None, found.region_name):
        raise UsageError(
            f"the spec is for {spec_region}, but the region is {found.region_name}",
            why="--region, AWS_REGION, AWS_DEFAULT_REGION or the profile says so",
            fix=f"pass --region {spec_region}, or correct aws.region in the spec",
        )
    return found


def _listen(session: boto3.Session, on_call: OnCall) -> None:
    def told(model: Any, **_: Any) -> None:
        on_call(model.service_model.service_name, model.name)

    session.events.register("before-call.*.*", told)


def _identity(session: boto3.Session) -> dict[str, str]:
    if session.get_credentials() is None:
        raise AccessError(
            "no AWS credentials",
            why="neither the environment, the AWS configuration nor the machine provides any",
            fix="run `aws configure` or `aws sso login`, or try it without an account: --sandbox",
        )
    sts: STSClient = session.client(
        "sts", region_name=str(session.region_name), config=_FIRST_CONTACT
    )
    answer = sts.get_caller_identity()
    return {"Account": answer["Account"], "Arn": answer["Arn"]}


def _connect(session: boto3.Session, service: str, region: str, config: Config = _CONFIG) -> Any:
    client: Any = session.client(cast("Any", service), region_name=region, config=config)
    if service == "dms":
        persist(client)
    return use_bare_addresses(client) if service == "s3control" else client
