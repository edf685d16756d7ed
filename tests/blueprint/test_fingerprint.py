"""A fingerprint tells that a password changed, and nothing else about it."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from dmslake.blueprint.fingerprint import fingerprint
from dmslake.blueprint.pipeline import pipeline
from dmslake.kinds.endpoint import Endpoint
from tests.blueprint.specs import ACCOUNT, spec


def source(password: str, name: str = "shop") -> Endpoint:
    found = spec({"SHOP_DB_PASSWORD": password}, name=name)
    return next(
        r
        for r in pipeline(found, ACCOUNT).wanted
        if isinstance(r, Endpoint) and r.direction == "source"
    )


@settings(max_examples=15, deadline=None)  # each costs what it is meant to cost
@given(st.text(min_size=1, max_size=40).filter(lambda t: t.isprintable()), st.text(max_size=10))
def test_it_is_eight_digits_and_the_same_every_time(secret: str, salt: str) -> None:
    found = fingerprint(secret, salt)
    assert re.fullmatch("[0-9a-f]{8}", found)
    fingerprint.cache_clear()
    assert fingerprint(secret, salt) == found


def test_another_password_or_another_pipeline_gives_another_one() -> None:
    passwords = [fingerprint(f"password-{n}", "salt") for n in range(8)]
    salts = [fingerprint("password-0", f"salt-{n}") for n in range(8)]
    assert len(set(passwords)) == len(set(salts)) == 8


def test_the_endpoint_differs_by_fingerprint_alone_and_never_shows_the_password() -> None:
    one, two = source("hunter2-hunter2"), source("correct-horse")
    assert one.desired()["password_fingerprint"] != two.desired()["password_fingerprint"]
    assert source("hunter2-hunter2").desired() == one.desired()
    for shown in (repr(one), str(one.desired()), one.describe()):
        assert "hunter2" not in shown


def test_two_pipelines_with_one_password_do_not_tell_on_each_other() -> None:
    assert (
        source("same", "shop").password_fingerprint != source("same", "shop2").password_fingerprint
    )


def test_a_secret_among_the_settings_is_part_of_the_fingerprint_and_not_shown() -> None:
    def oracle(password: str) -> Endpoint:
        found = spec(
            {"SHOP_DB_PASSWORD": "correct-horse", "ASM": password},
            source="{engine: oracle, host: db.example.com, database: ERP, username: dms, "
            "password: '${SHOP_DB_PASSWORD}', settings: {use_b_file: true, "
            "use_logminer_reader: false, asm_server: asm/+ASM, asm_user: asm, "
            "asm_password: '${ASM}'}}",
        )
        return next(
            r
            for r in pipeline(found, ACCOUNT).wanted
            if isinstance(r, Endpoint) and r.direction == "source"
        )

    one, two = oracle("hunter2-hunter2"), oracle("battery-staple")
    assert one.password_fingerprint != two.password_fingerprint
    assert "hunter2-hunter2" not in repr(one)
    assert "hunter2-hunter2" not in str(one.desired())
