"""What a backfill by S3 Batch Operations makes, and takes away when it is done.

A version of the loader, so that a deployment in the middle of a job changes nothing of it; the role
of its jobs; and the folder of manifests and reports in the staging bucket.
"""

from __future__ import annotations

from dmslake.aws.clients import Clients
from dmslake.aws.errors import tolerating, translating, unless_absent
from dmslake.backfill.ledger import Ledger
from dmslake.blueprint.batch import FOLDER, batch_role
from dmslake.blueprint.names import Names
from dmslake.errors import CloudError, UsageError
from dmslake.kinds.role import Role
from dmslake.lake.config import LoaderConfig
from dmslake.spec import Spec

_FUNCTION = "batch_function"
_DESCRIBED = "dmslake backfill"
_PAGE = 1000


def pinned_function(clients: Clients, names: Names, config: LoaderConfig, ledger: Ledger) -> str:
    """Return the ARN of the loader's version that a run uses: the one that it began with.

    Raises UsageError when the loader is not there or not as the spec wants it, and CloudError.
    """
    known = ledger.about().get(_FUNCTION)
    if known:
        return known
    with translating(f"publishing a version of {names.function}"):
        made = unless_absent(
            lambda: clients.lambda_.publish_version(
                FunctionName=names.function, Description=_described(ledger)
            ),
            "ResourceNotFoundException",
        )
    if made is None:
        raise UsageError(
            f"there is no loader {names.function}",
            why="S3 Batch Operations has the deployed loader move the objects",
            fix="run dmslake up first, or leave out --engine s3-batch",
        )
    found = made.get("Environment", {}).get("Variables", {})
    if any(found.get(name) != value for name, value in config.to_environment().items()):
        raise UsageError(
            f"the loader {names.function} is not as the spec wants it",
            why="it would put objects elsewhere than the spec says",
            fix="run dmslake up first",
        )
    arn = made["FunctionArn"]
    ledger.note(_FUNCTION, arn)
    ledger.commit()
    return arn


def ensure_role(
    clients: Clients, spec: Spec, names: Names, function: str, manifest: str
) -> tuple[str, bool]:
    """Make the role of the jobs, or put it right; returns its ARN and whether it is new.

    `manifest` is what the jobs read beside manifests of our own, as `batch_role` has it. Raises
    UsageError when somebody else's role has its name, and CloudError.
    """
    role = batch_role(spec, names, function, manifest)
    with translating(f"making the role {role.name}"):
        live = role.read(clients)
        if live is None:
            role.create(clients)
        elif live.owner != spec.name:
            raise UsageError(
                f"the role {role.name} exists and does not belong to this pipeline",
                fix="remove or rename it, or use another name for the pipeline",
            )
        else:
            wanted = role.desired()
            changed = {k: v for k, v in wanted.items() if live.attributes.get(k) != v}
            if changed:
                role.update(clients, changed)
    return names.role_arn(role.name, spec.aws.role_path), live is None


def folder_of(ledger: Ledger) -> str:
    """Return the prefix of a run's manifests and reports in the staging bucket."""
    return f"{FOLDER}/{ledger.path.stem}"


def remove_parts(clients: Clients, spec: Spec, ledger: Ledger) -> None:
    """Remove role, version and files of a run, and what runs that were given up left of theirs.

    Raises CloudError.
    """
    names = Names(spec.name, clients.account)
    with translating("removing what the jobs of S3 Batch Operations needed"):
        _remove_role(clients, spec, names)
        function = ledger.about().get(_FUNCTION, "")
        if function:
            _remove_version(clients, names, function)
        _remove_files(clients, spec.staging.bucket, f"{FOLDER}/")
    ledger.commit()
    ledger.base.execute("delete from about where name = ?", (_FUNCTION,))


def _remove_role(clients: Clients, spec: Spec, names: Names) -> None:
    role: Role = batch_role(spec, names, "*")
    live = role.read(clients)
    if live is not None and live.owner == spec.name:
        role.delete(clients)


def _remove_version(clients: Clients, names: Names, function: str) -> None:
    """Remove the version, unless it was there before: then it tells of something else."""
    version = function.rpartition(":")[2]
    with tolerating("ResourceNotFoundException"):
        found = clients.lambda_.get_function_configuration(
            FunctionName=names.function, Qualifier=version
        )
        if found.get("Description", "").startswith(_DESCRIBED):
            clients.lambda_.delete_function(FunctionName=names.function, Qualifier=version)


def _remove_files(clients: Clients, bucket: str, prefix: str) -> None:
    owner = clients.account.id
    while True:
        found = clients.s3.list_objects_v2(
            Bucket=bucket, Prefix=prefix, ExpectedBucketOwner=owner, MaxKeys=_PAGE
        ).get("Contents", [])
        if not found:
            return
        told = clients.s3.delete_objects(
            Bucket=bucket,
            ExpectedBucketOwner=owner,
            Delete={"Objects": [{"Key": one["Key"]} for one in found], "Quiet": True},
        )
        for one in told.get("Errors", []):
            raise CloudError(
                f"s3://{bucket}/{one.get('Key')} cannot be deleted",
                why=str(one.get("Message")),
                fix="delete what lies below .dmslake/batch by hand",
            )


def _described(ledger: Ledger) -> str:
    return f"{_DESCRIBED} {ledger.path.stem}"
