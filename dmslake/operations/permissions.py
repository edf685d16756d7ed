"""The IAM policy that whoever runs dmslake needs for one pipeline, and no more than that.

The actions are what the kinds say they call. Each stands with the ARNs that it is used on, and with
`*` only where IAM knows no resource for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dmslake.aws.clients import Account
from dmslake.blueprint.names import Names
from dmslake.blueprint.pipeline import pipeline, removal
from dmslake.engine.resource import Resource
from dmslake.kinds.account_role import AccountRole
from dmslake.kinds.log_group import LogGroup
from dmslake.kinds.queue import Queue
from dmslake.kinds.role import Role
from dmslake.operations import preflight
from dmslake.spec import Spec

# Without white space. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
LONGEST_POLICY = 6144
_VERSION = "2012-10-17"
_PASS = "iam:PassRole"  # noqa: S105 - an action
_LINK = "iam:CreateServiceLinkedRole"
_LINKED = "role/aws-service-role/dms.amazonaws.com/AWSServiceRoleForDMSServerless"
# The kinds that look at, or remove, what users keep in the buckets.
_WITH_DATA = ("bucket", "drain", "shared_bucket", "sweep")

# Actions for which IAM knows no resource, beside every `Describe` of EC2 and most of DMS.
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
_NOWHERE = frozenset({
    "cloudwatch:GetMetricStatistics", "dms:CreateEndpoint", "dms:CreateEventSubscription",
    "dms:CreateReplicationInstance", "dms:CreateReplicationSubnetGroup", "dms:ImportCertificate",
    "dms:ModifyEventSubscription", "dms:ModifyReplicationSubnetGroup",
    "lambda:CreateEventSourceMapping", "lambda:ListEventSourceMappings", "logs:DescribeLogGroups",
})  # fmt: skip
_SOMEWHERE = ("dms:DescribeTableStatistics", "dms:DescribeReplicationTableStatistics")
_OF_MAPPINGS = re.compile(r"lambda:(\w+EventSourceMapping|TagResource|ListTags|UntagResource)")
_OF_OBJECTS = re.compile(r"s3:(\w+Object(Tagging|Version|Attributes)?|\w+MultipartUpload(Parts)?)")

# What `status` reads beside the kinds.
MONITORING = (
    "cloudwatch:GetMetricStatistics", "dms:DescribeReplicationTableStatistics",
    "dms:DescribeTableStatistics", "lambda:GetFunctionConfiguration",
    "logs:DescribeLogStreams", "logs:FilterLogEvents", "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl", "sqs:ReceiveMessage",
)  # fmt: skip
# What `redrive` does beside looking.
REDRIVE = ("lambda:InvokeFunction", "sqs:ChangeMessageVisibility", "sqs:DeleteMessage")
# The lock, and the checkpoints of tasks that are gone.
_CLAIM = ("s3:DeleteObject", "s3:GetObject", "s3:PutObject")

Policy = Mapping[str, object]


def operator_policies(spec: Spec, account: Account) -> tuple[Policy, ...]:
    """Return the policy for all that is done with a pipeline; several where one is too long."""
    statements = [*_Scopes(spec, account).statements()]
    return tuple(
        {"Version": _VERSION, "Statement": part} for part in _parts(statements, LONGEST_POLICY)
    )


@dataclass(frozen=True)
class _Scopes:
    """On what each action is used in one pipeline."""

    spec: Spec
    account: Account

    def statements(self) -> Iterator[dict[str, object]]:
        """Yield one statement for all actions that are used on the same things."""
        used: dict[str, set[str]] = {}
        for action, arns in self._uses():
            used.setdefault(action, set()).update(arns)
        passed = used.pop(_PASS, set())
        together: dict[tuple[str, ...], list[str]] = {}
        for action, found in used.items():
            together.setdefault(_widest(found), []).append(action)
        for things, actions in sorted(together.items()):
            if things:  # else the pipeline has nothing that the action could be used on
                yield {"Effect": "Allow", "Action": sorted(actions), "Resource": list(things)}
        if passed:
            yield self._passing(_widest(passed))

    def _uses(self) -> Iterator[tuple[str, Iterator[str]]]:
        for resource, actions in self._called():
            for action in actions:
                yield action, self._scope(action, resource)
        for action in (*MONITORING, *preflight.PERMISSIONS):
            yield action, self._scope(action, None)
        for action in REDRIVE:
            of_function = action.startswith("lambda:")
            arn = self._names.function_arn if of_function else self._names.dead_letters_arn
            yield action, iter((arn,))
        for action in _CLAIM:
            yield action, iter((self._claims,))
        for key in filter(None, (self.spec.staging.kms_key,)):
            yield from ((f"kms:{verb}", iter((key,))) for verb in ("Decrypt", "GenerateDataKey"))
        yield from self._of_existing()

    def _of_existing(self) -> Iterator[tuple[str, Iterator[str]]]:
        """Yield what is needed for things that exist and that the spec names."""
        spec = self.spec
        if spec.replication.notifications:
            yield "sns:GetTopicAttributes", iter((str(spec.replication.notifications.topic),))
        instance = spec.replication.instance
        if spec.replication.serverless is None and instance.kms_key:
            # https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Security.html
            for verb in ("CreateGrant", "DescribeKey"):
                yield f"kms:{verb}", iter((str(instance.kms_key),))

    def _called(self) -> Iterator[tuple[Resource[Any], set[str]]]:
        """Yield each resource with what is called for it: what is not wanted is never made."""
        parts = pipeline(self.spec, self.account)
        for resource in (*parts.wanted, *removal(self.spec, self.account, purge=True)):
            verbs = type(resource).permissions
            called = {*verbs.read, *verbs.delete}
            if resource in parts.wanted:
                called |= {*verbs.create, *verbs.update}
            yield resource, called

    @property
    def _wanted(self) -> Sequence[Resource[Any]]:
        return pipeline(self.spec, self.account).wanted

    @property
    def _names(self) -> Names:
        return Names(self.spec.name, self.account)

    def _scope(self, action: str, resource: Resource[Any] | None) -> Iterator[str]:
        """Yield the ARNs of what a kind (None: looking at the whole) uses an action on."""
        if _knows_no_resource(action):
            return iter(("*",))
        scopes = {
            "s3": self._buckets,
            "iam": self._roles,
            "lambda": self._functions,
            "sqs": self._queues,
            "logs": self._log_groups,
            "dms": self._of_dms,
            "secretsmanager": self._secrets,
        }
        return scopes[action.partition(":")[0]](action, resource)

    def _of_dms(self, _action: str, _resource: Resource[Any] | None) -> Iterator[str]:
        yield self.account.arn("dms", "*")  # an ARN ends in something that nobody knows beforehand

    def _secrets(self, _action: str, _resource: Resource[Any] | None) -> Iterator[str]:
        if self.spec.source.secret:
            yield str(self.spec.source.secret)

    def _buckets(self, action: str, resource: Resource[Any] | None) -> Iterator[str]:
        both = dict.fromkeys((self.spec.staging.bucket, self.spec.lake.bucket))
        objects = _OF_OBJECTS.fullmatch(action)
        if resource is not None and objects and resource.kind not in _WITH_DATA:
            yield self._claims
            return
        own = resource is not None and resource.name in both
        for bucket in (resource.name,) if resource is not None and own else both:
            arn = self._names.bucket_arn(bucket)
            yield f"{arn}/*" if objects else arn

    @property
    def _claims(self) -> str:
        return f"{self._names.bucket_arn(self.spec.staging.bucket)}/.dmslake/*"

    def _roles(self, action: str, resource: Resource[Any] | None) -> Iterator[str]:
        if action == _LINK:
            if self.spec.replication.serverless:
                yield self.account.arn("iam", _LINKED, regional=False)
            return
        own = () if resource is None else tuple(self._role(action, resource))
        yield from own or (arn for one in self._wanted for arn in self._role(action, one))

    def _role(self, action: str, resource: Resource[Any]) -> Iterator[str]:
        if isinstance(resource, Role):
            yield self._names.role_arn(resource.name, resource.path)
        elif resource.kind == "shared_role":
            yield resource.name
        elif isinstance(resource, AccountRole) and action != _PASS:
            yield self._names.role_arn(resource.name, "/")

    def _functions(self, action: str, _resource: Resource[Any] | None) -> Iterator[str]:
        if _OF_MAPPINGS.fullmatch(action):
            yield self.account.arn("lambda", "event-source-mapping:*")
        if "EventSourceMapping" not in action:
            yield self._names.function_arn

    def _queues(self, _action: str, resource: Resource[Any] | None) -> Iterator[str]:
        if isinstance(resource, Queue):
            yield self.account.arn("sqs", resource.name)
        else:
            yield self._names.dead_letters_arn
            yield self._names.queue_arn

    def _log_groups(self, _action: str, resource: Resource[Any] | None) -> Iterator[str]:
        own = isinstance(resource, LogGroup)
        read = self._names.function_log_group, self._task_log_group
        for name in (resource.name,) if own and resource is not None else read:
            arn = self.account.arn("logs", f"log-group:{name}")
            yield arn  # tags are asked for without the star, everything else with it
            yield f"{arn}:*"

    @property
    def _task_log_group(self) -> str:
        """The group of the task's log; only DMS knows the whole name where nothing is ours."""
        replication = self.spec.replication
        if replication.serverless is not None:
            return "dms-serverless-replication-*"
        return self._names.task_log_group if replication.instance.arn is None else "dms-tasks-*"

    def _passing(self, roles: tuple[str, ...]) -> dict[str, object]:
        services = ["dms.amazonaws.com", "lambda.amazonaws.com"]
        if self.spec.source.secret:  # which DMS reads as the service of its region
            services.insert(0, f"dms.{self.account.region}.amazonaws.com")
        return {
            "Effect": "Allow",
            "Action": [_PASS],
            "Resource": list(roles),
            "Condition": {"StringEquals": {"iam:PassedToService": services}},
        }


def _widest(arns: set[str]) -> tuple[str, ...]:
    """Return the ARNs in order, without those that another one covers."""
    wide = [arn[:-1] for arn in arns if arn.endswith("*")]
    return tuple(
        sorted(arn for arn in arns if not any(arn.startswith(w) and arn != f"{w}*" for w in wide))
    )


def _knows_no_resource(action: str) -> bool:
    if action in _NOWHERE:
        return True
    return action.startswith(("dms:Describe", "ec2:Describe")) and action not in _SOMEWHERE


def _parts(statements: Sequence[dict[str, object]], most: int) -> Iterator[list[dict[str, object]]]:
    """Yield the statements in as few lists as fit into a policy each."""
    part: list[dict[str, object]] = []
    for statement in statements:
        if part and length({"Version": _VERSION, "Statement": [*part, statement]}) > most:
            yield part
            part = []
        part.append(statement)
    yield part


def length(policy: Policy) -> int:
    """Return a policy's length as IAM counts it: without white space."""
    return len(re.sub(r"\s", "", json.dumps(policy)))
