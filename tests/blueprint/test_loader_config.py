"""What the loader is told of the spec."""

from datetime import UTC, datetime

from dmslake.blueprint.loader_config import loader_config
from dmslake.lake.config import LoaderConfig, LogLevel
from dmslake.lake.routing import Route
from tests.blueprint.specs import NAMES, spec


def test_a_spec_without_wishes_leaves_the_loader_its_defaults() -> None:
    assert loader_config(spec(lake="{bucket: acme-lake, prefix: raw}"), NAMES) == LoaderConfig(
        pipeline="shop",
        staging_bucket="acme-staging",
        staging_prefix="dms",
        lake_bucket="acme-lake",
        lake_prefix="raw",
        account=NAMES.account.id,
    )


def test_every_wish_reaches_the_loader() -> None:
    key = "arn:aws:kms:eu-west-1:123456789012:key/lake"
    made = loader_config(
        spec(
            lake="{bucket: acme-lake, allow_overwrite: true, layout: '{file}', clock: filename, "
            f"timezone: Europe/Paris, kms_key: '{key}', storage_class: GLACIER_IR}}",
            loader="{log_level: warning, table_metrics: true}",
        ),
        NAMES,
    )
    assert (made.layout, made.allow_overwrite) == ("{file}", True)
    assert (made.clock, made.timezone) == ("filename", "Europe/Paris")
    assert (made.lake_kms_key, made.storage_class) == (key, "GLACIER_IR")
    assert (made.log_level, made.table_metrics) == (LogLevel.WARNING, True)
    assert made.places().may_overwrite
    assert LoaderConfig.from_environment(made.to_environment()) == made


def test_the_zone_that_dms_names_files_in_reaches_the_loader() -> None:
    settings = "{date_partition_enabled: true, date_partition_timezone: Asia/Seoul}"
    found = spec(
        lake="{bucket: acme-lake, clock: filename}",
        staging=f"{{bucket: acme-staging, prefix: dms, settings: {settings}}}",
    )
    router = loader_config(found, NAMES).router()
    route = router.route(
        "dms/public/orders/20261124-083000000.csv", datetime(2026, 11, 23, 23, 31, tzinfo=UTC)
    )
    assert isinstance(route, Route)
    assert route.target == (
        "public/orders/year=2026/month=11/day=23/hour=23/20261124-083000000-20261123T233100Z.csv"
    )
