"""Look, before anything is made, at what AWS would refuse or silently accept. Reads only.

Asked is only for what a plan makes or changes: a plan without work costs no call here. What may not
be read is a warning that says so, never a reason to stop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from difflib import get_close_matches
from typing import Any

from dmslake.aws.clients import Clients
from dmslake.aws.errors import translating
from dmslake.engine.plan import Action, Plan, Step
from dmslake.errors import AccessError, CloudError, NotFoundError
from dmslake.kinds.dms_search import search
from dmslake.kinds.replication_instance import ReplicationInstance
from dmslake.kinds.subnet_group import find_subnet_group
from dmslake.operations import network
from dmslake.operations.finding import Finding
from dmslake.operations.quotas import check_quotas, read_quotas, wanted_of
from dmslake.spec import Spec

PERMISSIONS = (
    *network.READS,
    "dms:DescribeAccountAttributes",
    "dms:DescribeOrderableReplicationInstances",
)
_MADE = (Action.CREATE, Action.REPLACE, Action.UPDATE)
_ON_NETWORK = ("subnet_group", "replication_instance", "replication_config")

Check = Callable[[Spec, Plan, Clients], Iterator[Finding]]


def preflight(spec: Spec, plan: Plan, aws: Clients) -> tuple[Finding, ...]:
    """Return what is not as it should be for this plan, what AWS would refuse first."""
    found: list[Finding] = []
    for check in _CHECKS:
        try:
            found += list(check(spec, plan, aws))
        except AccessError as error:
            found.append(_not_allowed(error))
    return tuple(sorted(found, key=lambda finding: not finding.fatal))


def _not_allowed(error: CloudError) -> Finding:
    return Finding(what=f"{error.what}, so this was not checked", why=error.why, fix=error.fix)


def _made(plan: Plan, *kinds: str) -> list[Step]:
    return [s for s in plan.steps if s.action in _MADE and s.resource.kind in kinds]


def _network(spec: Spec, plan: Plan, aws: Clients) -> Iterator[Finding]:
    wanted = spec.replication.network
    if wanted is None or not _made(plan, *_ON_NETWORK):
        return
    given = wanted.subnet_group
    ids = _subnets_of(given, aws) if given else tuple(wanted.subnets)
    if not ids:
        return
    networks = network.read_networks(aws, ids)
    yield from () if given else network.check_subnets(ids, networks)
    yield from network.check_routes(networks)


def _subnets_of(group: str, aws: Clients) -> tuple[str, ...]:
    with translating(f"replication subnet group {group}"):
        found = find_subnet_group(aws, group)
    subnets = found.get("Subnets", []) if found else []
    return tuple(str(subnet.get("SubnetIdentifier")) for subnet in subnets)


def _quotas(spec: Spec, plan: Plan, aws: Clients) -> Iterator[Finding]:  # noqa: ARG001 - a check's signature
    if wanted_of(plan):
        yield from check_quotas(plan, read_quotas(aws))


def _instance(spec: Spec, plan: Plan, aws: Clients) -> Iterator[Finding]:  # noqa: ARG001 - a check's signature
    for step in _made(plan, ReplicationInstance.kind):
        resource = step.resource
        changed = {change.top for change in step.changes}
        if isinstance(resource, ReplicationInstance) and (
            step.action is not Action.UPDATE or changed & {"class", "storage_gb"}
        ):
            yield from _orderable(resource, aws)


def _orderable(wanted: ReplicationInstance, aws: Clients) -> Iterator[Finding]:
    with translating("asking which replication instances can be had"):
        offers = search(
            aws.dms.describe_orderable_replication_instances,
            "OrderableReplicationInstances",
            MaxRecords=100,
        )
    classes = sorted({str(offer.get("ReplicationInstanceClass")) for offer in offers})
    if not offers:
        return
    if wanted.instance_class not in classes:
        near = get_close_matches(wanted.instance_class, classes, n=3)
        yield Finding(
            what=f"replication instance class {wanted.instance_class} cannot be had",
            why=f"DMS does not offer it in {aws.account.region}",
            fix=f"correct replication.instance.class; it offers {', '.join(near or classes)}",
            fatal=True,
        )
        return
    yield from _storage(wanted, [o for o in offers if _is(o, wanted)])
    zones = {zone for offer in offers if _is(offer, wanted) for zone in _zones(offer)}
    zone = wanted.availability_zone
    if zone and zones and zone not in zones:
        yield Finding(
            what=f"{wanted.instance_class} cannot be had in {zone}",
            why=f"DMS offers it in {', '.join(sorted(zones))}",
            fix="correct replication.instance.availability_zone, or leave it out",
            fatal=True,
        )


def _is(offer: Any, wanted: ReplicationInstance) -> bool:
    return bool(offer.get("ReplicationInstanceClass") == wanted.instance_class)


def _zones(offer: Any) -> list[str]:
    return list(offer.get("AvailabilityZones") or [])


def _storage(wanted: ReplicationInstance, offers: list[Any]) -> Iterator[Finding]:
    least = min(int(offer.get("MinAllocatedStorage", 0)) for offer in offers)
    most = max(int(offer.get("MaxAllocatedStorage", wanted.storage_gb)) for offer in offers)
    if not least <= wanted.storage_gb <= most:
        yield Finding(
            what=f"{wanted.instance_class} cannot have {wanted.storage_gb} GB of storage",
            why=f"DMS offers it with {least} to {most} GB",
            fix="correct replication.instance.storage_gb",
            fatal=True,
        )


def _secret(spec: Spec, plan: Plan, aws: Clients) -> Iterator[Finding]:
    secret = spec.source.secret
    if secret is None or not _made(plan, "endpoint"):
        return
    try:
        with translating(f"secret {secret}"):
            found = aws.secrets.describe_secret(SecretId=str(secret))
    except NotFoundError:
        yield Finding(
            what=f"secret {secret} does not exist",
            why="Secrets Manager knows no such secret in this account and region",
            fix="correct source.secret",
            fatal=True,
        )
        return
    if found.get("DeletedDate"):
        yield Finding(
            what=f"secret {secret} is being deleted",
            why=f"it is marked for deletion since {found['DeletedDate']}",
            fix="restore it (`aws secretsmanager restore-secret`), or correct source.secret",
            fatal=True,
        )


def _topic(spec: Spec, plan: Plan, aws: Clients) -> Iterator[Finding]:
    wanted = spec.replication.notifications
    if wanted is None or not _made(plan, "event_subscription"):
        return
    try:
        with translating(f"topic {wanted.topic}"):
            aws.sns.get_topic_attributes(TopicArn=str(wanted.topic))
    except NotFoundError:
        yield Finding(
            what=f"topic {wanted.topic} does not exist",
            why="SNS knows no such topic in this account and region",
            fix="correct replication.notifications.topic",
            fatal=True,
        )


_CHECKS: tuple[Check, ...] = (_network, _instance, _quotas, _secret, _topic)
