"""The target: the endpoint with which DMS writes to the staging bucket."""

from __future__ import annotations

from dmslake.blueprint.dms_policies import dms_policy, dms_trust
from dmslake.blueprint.names import Names
from dmslake.blueprint.parts import Parts
from dmslake.blueprint.roles import Wish, role_for
from dmslake.blueprint.staging import s3_settings
from dmslake.engine.resource import Address
from dmslake.kinds.endpoint import Endpoint
from dmslake.spec import Spec


def target_endpoint(spec: Spec, names: Names, staging: Address) -> tuple[Endpoint, Parts]:
    """Return the endpoint, and all resources of the target with it."""
    wish = Wish(
        name=names.dms_role,
        principal="dms.amazonaws.com",
        trust=dms_trust(names),
        policy=dms_policy(spec, names),
        after=(staging,),
        used_by=(Address(Endpoint.kind, names.target_endpoint),),
    )
    role = role_for(spec, names, wish, spec.staging.role)
    endpoint = Endpoint(
        name=names.target_endpoint,
        owner=spec.name,
        tags=spec.aws.tags,
        direction="target",
        engine="s3",
        settings_member="S3Settings",
        settings=s3_settings(spec, names, role.arn),
        extra_attributes=spec.staging.extra_connection_attributes,
        after=(role.address, staging),
    )
    return endpoint, Parts((endpoint,)) + role.parts
