"""The section `aws`: where the pipeline lives and what all of its resources carry."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from dmslake.spec.mistakes import mistake
from dmslake.spec.model.names import Arn
from dmslake.spec.section import Section

_REGION = re.compile(r"[a-z]{2,5}(-[a-z]+){1,3}-[0-9]{1,2}")
_ACCOUNT = re.compile(r"[0-9]{12}")
_ROLE_PATH = re.compile(r"/(?:[!-.0-~]+/)*")
_LONGEST_ROLE_PATH = 512
_LONGEST_TAG_KEY = 128
_LONGEST_TAG_VALUE = 256
_TAG_PUNCTUATION = "_.:/=+-"
_RESERVED_TAGS = ("aws:", "dms:", "dmslake:")


def _region(value: str) -> str:
    if _REGION.fullmatch(value[:-1]) and value[-1:].isalpha():
        raise mistake("{value} is an availability zone, not a region", near=value[:-1])
    if not _REGION.fullmatch(value):
        raise mistake("{value} is not an AWS region", fix='write one such as "eu-west-1"')
    return value


def _account_text(value: object) -> object:
    """Read an account that was written without quotes: YAML took it for a number."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _account(value: str) -> str:
    if not _ACCOUNT.fullmatch(value):
        raise mistake("{value} is not an AWS account", fix="write its 12 digits in quotes")
    return value


def _role_path(value: str) -> str:
    if not _ROLE_PATH.fullmatch(value) or len(value) > _LONGEST_ROLE_PATH:
        fix = 'write one that starts and ends with a slash, such as "/" or "/data/"'
        raise mistake("{value} is not an IAM path", fix=fix)
    return value


def _policy(value: str) -> str:
    if not value.split(":", 5)[5].startswith("policy/"):
        fix = 'copy the ARN of the policy; it has "policy/" after the account'
        raise mistake("{value} is not an IAM policy", fix=fix)
    return value


def _is_tag_text(value: str) -> bool:
    """Tell whether DMS takes a text in a tag: letters, digits, spaces and `_ . : / = + -`."""
    return all(c in _TAG_PUNCTUATION or unicodedata.category(c)[0] in "LNZ" for c in value)


_TAG_FIX = "use letters, digits, spaces and _ . : / = + -"


def _tag_key(value: str) -> str:
    if value.lower().startswith(_RESERVED_TAGS):
        raise mistake("a tag must not start with aws:, dms: or dmslake:", fix="rename the tag")
    if not _is_tag_text(value) or not value.strip():
        raise mistake("the tag's name is empty or has characters that DMS refuses", fix=_TAG_FIX)
    if len(value) > _LONGEST_TAG_KEY:
        raise mistake(
            "the tag's name is too long", fix=f"use at most {_LONGEST_TAG_KEY} characters"
        )
    return value


def _tag_value(value: str) -> str:
    if not _is_tag_text(value):
        raise mistake("{value} has characters that DMS refuses in a tag", fix=_TAG_FIX)
    if len(value) > _LONGEST_TAG_VALUE:
        raise mistake(
            "the tag's value is too long", fix=f"use at most {_LONGEST_TAG_VALUE} characters"
        )
    return value


TagKey = Annotated[str, AfterValidator(_tag_key)]
TagValue = Annotated[str, AfterValidator(_tag_value)]


class Aws(Section):
    """Where the pipeline lives and what all of its resources carry."""

    region: Annotated[str, AfterValidator(_region)] | None = Field(
        default=None,
        description="The region of everything. If it is not written, the region comes from "
        "--region, the environment or the AWS profile; if it is, a different one from there is "
        "refused.",
        examples=["eu-west-1"],
    )
    account: Annotated[str, BeforeValidator(_account_text), AfterValidator(_account)] | None = (
        Field(
            default=None,
            description="A guard: the account that the credentials have to belong to, as 12 "
            "digits.",
            examples=["123456789012"],
        )
    )
    tags: Mapping[TagKey, TagValue] = Field(
        default={},
        max_length=8,
        description="Tags for every resource, at most 8: DMS allows 10 and dmslake sets its own "
        "beside them. Letters, digits, spaces and _ . : / = + - only, as DMS takes no others.",
        examples=[{"team": "data"}],
    )
    role_path: Annotated[str, AfterValidator(_role_path)] = Field(
        default="/",
        description="The IAM path of the roles that dmslake creates, for organisations that "
        "require one. It starts and ends with a slash.",
        examples=["/data/"],
    )
    permissions_boundary: Annotated[Arn, AfterValidator(_policy)] | None = Field(
        default=None,
        description="The ARN of an IAM policy that becomes the permissions boundary of the "
        "roles that dmslake creates.",
        examples=["arn:aws:iam::123456789012:policy/boundary"],
    )
