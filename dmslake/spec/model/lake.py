"""The section `lake`: where the data ends up."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from dmslake.lake.layout import Layout, LayoutError
from dmslake.lake.routing import TimezoneError, load_zone
from dmslake.spec.mistakes import mistake
from dmslake.spec.model.names import BucketName, KeyArn, Prefix
from dmslake.spec.section import Section, Switch, Text


def _timezone(value: str) -> str:
    try:
        load_zone(value)
    except TimezoneError:
        fix = "use an IANA name such as Europe/Paris"
        raise mistake("{value} is not a time zone", fix=fix) from None
    return value


class Lake(Section):
    """Where the data ends up, and how it is partitioned there."""

    bucket: BucketName = Field(
        description="The bucket of the lake. It is created if it does not exist. It may be the "
        "staging bucket if neither prefix is inside the other.",
        examples=["acme-lake"],
    )
    existing: Switch = Field(
        default=False,
        description="Whether the bucket is somebody else's: then it has to exist, and dmslake "
        "neither configures nor deletes it.",
        examples=[False],
    )
    prefix: Prefix = Field(
        default="",
        description="The folder below which this pipeline's data goes. Slashes at its ends do "
        "not matter. Empty: the bucket itself.",
        examples=["raw/shop"],
    )
    allow_overwrite: Switch = Field(
        default=False,
        description="Whether a layout is accepted in which files can replace each other.",
        examples=[False],
    )
    layout: str = Field(
        default="default",
        description="default, or a template of tokens: {schema} {table} {year} {month} {day} "
        "{hour} {minute} {stem} {ext} {stamp} {file} {path} {kind}. A template in which two "
        "files could get one key is refused unless allow_overwrite is true.",
        examples=["default"],
    )
    clock: Literal["arrival", "filename"] = Field(
        default="arrival",
        description="Which time the partitions are built from. arrival: when the file reached "
        "the staging bucket (LastModified); filename: the time in the name of a file of "
        "changes, for files that an earlier copy has made look new.",
        examples=["arrival"],
    )
    timezone: Annotated[Text, AfterValidator(_timezone)] = Field(
        default="UTC",
        description="The IANA time zone of year, month, day, hour and minute. {stamp} stays UTC.",
        examples=["UTC"],
    )
    kms_key: KeyArn | None = Field(
        default=None,
        description="The KMS key that encrypts the lake. If it is not written, S3 encrypts with "
        "its own.",
        examples=["arn:aws:kms:eu-west-1:123456789012:key/1234abcd"],
    )

    storage_class: Literal[
        "STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR"
    ] = Field(
        default="STANDARD",
        description="The S3 storage class of the copies. Only classes whose files can be read at "
        "once: what lies in an archive, no query can use. All but STANDARD and "
        "INTELLIGENT_TIERING charge for reading, and for a minimum time and size.",
        examples=["STANDARD"],
    )

    @field_validator("layout")
    @classmethod
    def check_layout(cls, value: str, info: ValidationInfo) -> str:
        """Compile the layout and refuse one that can lose data."""
        try:
            Layout(value).check(allow_overwrite=info.data.get("allow_overwrite", True))
        except LayoutError as error:
            message = "{value} is not a layout that can be used"
            raise mistake(message, detail=str(error), fix=error.fix) from None
        return value

    @property
    def template(self) -> str:
        """The layout with `default` written out."""
        return Layout(self.layout).template
