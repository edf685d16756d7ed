"""The function's settings, and how they travel as environment variables.

The deployer writes them with `to_environment`, the function reads them with `from_environment`.
"""

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple, TypeVar

from dmslake.lake.layout import Layout, LayoutError
from dmslake.lake.objects import as_folder
from dmslake.lake.places import MULTIPART_THRESHOLD, PART_SIZE, Places
from dmslake.lake.routing import Clock, Router, TimezoneError

_PREFIX = "DMSLAKE_"
_REQUIRED = ("pipeline", "staging_bucket", "lake_bucket", "account")

_T = TypeVar("_T")


class ConfigError(ValueError):
    """Settings that are missing or wrong; the message names every one of them."""


class LogLevel(Enum):
    """How much the function logs; the value orders them."""

    DEBUG = 10
    INFO = 20
    WARNING = 30
    ERROR = 40


class LoaderConfig(NamedTuple):
    """What the function has to know. Build it by name: fields may be added anywhere.

    `layout` is a template, or `default`; `storage_class` S3's word, or nothing for STANDARD. Sizes
    are in bytes, see `Places`; `timezone` and `name_timezone` are the `Router`'s. `table_metrics`
    adds metrics for each table.
    """

    pipeline: str
    staging_bucket: str
    lake_bucket: str
    account: str
    staging_prefix: str = ""
    lake_prefix: str = ""
    layout: str = "default"
    clock: Clock = Clock.ARRIVAL
    timezone: str = "UTC"
    name_timezone: str = "UTC"
    allow_overwrite: bool = False
    lake_kms_key: str = ""
    storage_class: str = ""
    multipart_threshold: int = MULTIPART_THRESHOLD
    part_size: int = PART_SIZE
    table_metrics: bool = False
    log_level: LogLevel = LogLevel.INFO

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "LoaderConfig":
        """Read the `DMSLAKE_…` variables; raises ConfigError naming all that are wrong."""
        reader = _Reader(environment)
        config = cls(
            pipeline=reader.text("pipeline"),
            staging_bucket=reader.text("staging_bucket"),
            staging_prefix=reader.text("staging_prefix"),
            lake_bucket=reader.text("lake_bucket"),
            lake_prefix=reader.text("lake_prefix"),
            layout=reader.text("layout", "default"),
            clock=reader.choice("clock", {c.value: c for c in Clock}, Clock.ARRIVAL),
            timezone=reader.text("timezone", "UTC"),
            name_timezone=reader.text("name_timezone", "UTC"),
            account=reader.text("account"),
            allow_overwrite=reader.choice("allow_overwrite", _BOOLEANS, default=False),
            lake_kms_key=reader.text("lake_kms_key"),
            storage_class=reader.text("storage_class"),
            multipart_threshold=reader.size("multipart_threshold", MULTIPART_THRESHOLD),
            part_size=reader.size("part_size", PART_SIZE),
            table_metrics=reader.choice("table_metrics", _BOOLEANS, default=False),
            log_level=reader.choice("log_level", LogLevel.__members__, LogLevel.INFO),
        )
        reader.finish()
        return config

    def to_environment(self) -> dict[str, str]:
        """Write the variables that `from_environment` reads."""
        return {_variable(name): _write(value) for name, value in self._asdict().items()}

    def places(self) -> Places:
        """Tell where copies are made from and to."""
        return Places(
            staging_bucket=self.staging_bucket,
            lake_bucket=self.lake_bucket,
            account=self.account,
            lake_kms_key=self.lake_kms_key,
            storage_class=self.storage_class,
            may_overwrite=self.allow_overwrite,
            multipart_threshold=self.multipart_threshold,
            part_size=self.part_size,
        )

    def router(self) -> Router:
        """Build the router; raises ConfigError for a layout, time zone or place that cannot be."""
        self._refuse_loop()
        try:
            layout = Layout(self.layout)
            layout.check(allow_overwrite=self.allow_overwrite)
            return Router(
                staging_prefix=self.staging_prefix,
                lake_prefix=self.lake_prefix,
                layout=layout,
                timezone=self.timezone,
                clock=self.clock,
                name_timezone=self.name_timezone,
            )
        except (LayoutError, TimezoneError) as error:
            raise ConfigError(str(error)) from error

    def _refuse_loop(self) -> None:
        staging, lake = as_folder(self.staging_prefix), as_folder(self.lake_prefix)
        if self.staging_bucket != self.lake_bucket:
            return
        if lake.startswith(staging) or staging.startswith(lake):
            raise ConfigError(
                f"staging (s3://{self.staging_bucket}/{staging}) and the lake "
                f"(s3://{self.lake_bucket}/{lake}) lie one inside the other, so copies could call "
                "the function again; use two buckets, or prefixes beside each other"
            )


_BOOLEANS = {"true": True, "false": False}


def _variable(name: str) -> str:
    return _PREFIX + name.upper()


def _write(value: object) -> str:
    if isinstance(value, LogLevel):
        return value.name
    return str(value).lower() if isinstance(value, bool) else str(value)


class _Reader:
    """Reads variables and remembers what is wrong, to report it all at once."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._problems = [
            f"{_variable(name)} is not set"
            for name in _REQUIRED
            if not environment.get(_variable(name))
        ]

    def text(self, name: str, default: str = "") -> str:
        return self._environment.get(_variable(name)) or default

    def choice(self, name: str, choices: Mapping[str, _T], default: _T) -> _T:
        text = self.text(name)
        if text and text not in choices:
            known = ", ".join(choices)
            self._problems.append(f"{_variable(name)} is {text!r}, not one of {known}")
        return choices.get(text, default)

    def size(self, name: str, default: int) -> int:
        text = self.text(name)
        if not text:
            return default
        if not (text.isascii() and text.isdigit() and int(text)):
            self._problems.append(f"{_variable(name)} is {text!r}, not a number of bytes")
            return default
        return int(text)

    def finish(self) -> None:
        if self._problems:
            raise ConfigError("the function's settings are wrong: " + "; ".join(self._problems))
