import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmslake.lake.config import ConfigError, LoaderConfig, LogLevel
from dmslake.lake.layout import DEFAULT_LAYOUT
from dmslake.lake.routing import Clock, Route
from tests.lake.fake_s3 import ARRIVED

MINIMAL = {
    "DMSLAKE_PIPELINE": "shop",
    "DMSLAKE_STAGING_BUCKET": "staging",
    "DMSLAKE_LAKE_BUCKET": "lake",
    "DMSLAKE_ACCOUNT": "123456789012",
}

words = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1)


def config(**changes: str) -> LoaderConfig:
    return LoaderConfig.from_environment(
        MINIMAL | {f"DMSLAKE_{name.upper()}": value for name, value in changes.items()}
    )


def test_what_is_not_set_has_the_defaults_of_the_design() -> None:
    assert LoaderConfig.from_environment(MINIMAL) == LoaderConfig(
        pipeline="shop",
        staging_bucket="staging",
        staging_prefix="",
        lake_bucket="lake",
        lake_prefix="",
        layout="default",
        clock=Clock.ARRIVAL,
        timezone="UTC",
        account="123456789012",
        allow_overwrite=False,
        log_level=LogLevel.INFO,
    )


@given(
    st.builds(
        LoaderConfig,
        pipeline=words,
        staging_bucket=words,
        staging_prefix=st.text(max_size=5),
        lake_bucket=words,
        lake_prefix=st.text(max_size=5),
        layout=st.sampled_from(["default", DEFAULT_LAYOUT, "{path}"]),
        clock=st.sampled_from(Clock),
        timezone=st.sampled_from(["UTC", "Europe/Paris"]),
        name_timezone=st.sampled_from(["UTC", "Asia/Seoul"]),
        account=st.just("123456789012"),
        allow_overwrite=st.booleans(),
        storage_class=st.sampled_from(["", "STANDARD_IA"]),
        multipart_threshold=st.integers(min_value=1),
        part_size=st.integers(min_value=1),
        table_metrics=st.booleans(),
        lake_kms_key=st.sampled_from(["", "arn:aws:kms:eu-west-1:123456789012:key/1234abcd"]),
        log_level=st.sampled_from(LogLevel),
    )
)
def test_a_config_comes_back_from_its_environment(made: LoaderConfig) -> None:
    environment = made.to_environment()
    assert LoaderConfig.from_environment(environment) == made


def test_every_mistake_is_reported_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        LoaderConfig.from_environment(
            {
                "DMSLAKE_CLOCK": "noon",
                "DMSLAKE_ALLOW_OVERWRITE": "yes",
                "DMSLAKE_PART_SIZE": "64 MiB",
                "DMSLAKE_LOG_LEVEL": "X",
            }
        )
    assert str(caught.value) == (
        "the function's settings are wrong: DMSLAKE_PIPELINE is not set; "
        "DMSLAKE_STAGING_BUCKET is not set; DMSLAKE_LAKE_BUCKET is not set; "
        "DMSLAKE_ACCOUNT is not set; DMSLAKE_CLOCK is 'noon', not one of arrival, filename; "
        "DMSLAKE_ALLOW_OVERWRITE is 'yes', not one of true, false; "
        "DMSLAKE_PART_SIZE is '64 MiB', not a number of bytes; "
        "DMSLAKE_LOG_LEVEL is 'X', not one of DEBUG, INFO, WARNING, ERROR"
    )


def test_a_config_makes_its_router() -> None:
    router = config(staging_prefix="/dms/", lake_prefix="raw/").router()
    assert (router.staging_folder, router.lake_folder) == ("dms/", "raw/")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"layout": "{tabel}"}, "not a token"),
        ({"layout": "{file}"}, "can lose data"),
        ({"timezone": "Mars/Olympus"}, "time zone 'Mars/Olympus'"),
        ({"lake_bucket": "staging"}, "one inside the other"),
        (
            {"lake_bucket": "staging", "staging_prefix": "dms", "lake_prefix": "dms/lake"},
            "one inside the other",
        ),
        (
            {"lake_bucket": "staging", "staging_prefix": "lake/dms", "lake_prefix": "/lake/"},
            "one inside the other",
        ),
        ({"lake_bucket": "staging", "staging_prefix": "dms"}, "one inside the other"),
    ],
)
def test_a_router_that_cannot_work_is_refused(changes: dict[str, str], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        config(**changes).router()


@pytest.mark.parametrize(
    ("changes", "target"),
    [
        ({"layout": "{file}", "allow_overwrite": "true"}, "LOAD00000001.csv"),
        (
            {"layout": "{path}-{stamp}", "lake_bucket": "staging", "lake_prefix": "dms2"},
            "dms2/s/t/LOAD00000001.csv-20261123T144702Z",
        ),
    ],
)
def test_a_router_that_can_work_decides(changes: dict[str, str], target: str) -> None:
    router = config(staging_prefix="dms", **changes).router()
    route = router.route("dms/s/t/LOAD00000001.csv", ARRIVED)
    assert isinstance(route, Route)
    assert route.target == target
