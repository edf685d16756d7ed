"""The settings structures of DMS endpoints, as botocore's own model has them.

The only module of this package that knows botocore, and only once a setting is written: `--help`
must not pay for it. It reads the model that is installed; it builds no client.
"""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from dmslake.spec.limits import LIMITS, TEXTS, Limit
from dmslake.spec.members import LEAST, MOST, Kind, Member

if TYPE_CHECKING:
    from botocore.model import Shape, StructureShape

_KINDS: Mapping[str, Kind] = {
    "string": "text",
    "integer": "whole",
    "boolean": "switch",
    "list": "wholes",  # Oracle's ExtraArchivedLogDestIds is the only one
}
_EMPTY_SAYS_SOMETHING = frozenset({"CsvNullValue", "CsvNoSupValue"})


@cache
def members(structure: str) -> Mapping[str, Member]:
    """Return the members of a structure such as `S3Settings` by their names in the spec.

    A name in the spec is botocore's own snake_case of the member's name.
    """
    from botocore import xform_name  # noqa: PLC0415 - see the module's first lines

    shapes = _structure(structure).members
    return {xform_name(name): _member(structure, name, shape) for name, shape in shapes.items()}


@cache
def _structure(name: str) -> "StructureShape":
    from botocore.loaders import Loader  # noqa: PLC0415 - see the module's first lines
    from botocore.model import ServiceModel, StructureShape  # noqa: PLC0415 - likewise

    model = ServiceModel(Loader().load_service_model("dms", "service-2"), "dms")
    request = model.shape_for("CreateEndpointMessage")
    found = request.members[name] if isinstance(request, StructureShape) else request
    if not isinstance(found, StructureShape):
        raise TypeError(f"{name} is no structure in botocore's model of DMS")
    return found


def _member(structure: str, name: str, shape: "Shape") -> Member:
    documented = LIMITS.get(structure, {}).get(name, Limit())
    modelled = shape.metadata
    kind = TEXTS.get(structure, {}).get(name)
    return Member(
        name=name,
        kind=kind or _KINDS[shape.type_name],
        choices=tuple(modelled.get("enum", ())),
        minimum=max(int(modelled.get("min", LEAST)), documented.least),
        maximum=min(int(modelled.get("max", MOST)), documented.most),
        empty=name in _EMPTY_SAYS_SOMETHING,
        sensitive=bool(modelled.get("sensitive")),
        as_text=kind is not None,
    )
