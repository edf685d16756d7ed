"""Spec texts for tests: one that is right, and the problems of one that is not."""

from collections.abc import Mapping
from pathlib import Path

from dmslake.errors import Problem, SpecError
from dmslake.spec import Spec, parse_spec

ROOT = Path(__file__).parents[2]
SPECS = ROOT / "tests" / "specs"

PASSWORD = "correct-horse-battery"
ENVIRON: Mapping[str, str] = {
    "SHOP_DB_PASSWORD": PASSWORD,
    "EMPTY": "",
    "NOT_A_PORT": "correct-horse",
    "SHOUTED": "CORRECT-HORSE",
    "STAR": "*horse*",
    "PLUS_PASSWORD": "correct+horse",
    "COMMA_PASSWORD": "correct,horse",
    "ASM_PASSWORD": "asm-horse",
    "STAGE": "test",
    "AWS_REGION": "eu-west-1",
    "DB_PORT": "5433",
    "DB_NAME": "2026",
    "MULTI_AZ": "true",
    "KEEP_DAYS": "7",
}

SECTIONS: Mapping[str, str] = {
    "version": "1",
    "name": "shop",
    "source": "{engine: postgres, host: db.internal, database: shop, username: dms, "
    'password: "${SHOP_DB_PASSWORD}"}',
    "tables": "{include: [public.orders]}",
    "replication": "{network: {subnets: [subnet-0a1b2c3d, subnet-4e5f6a7b]}}",
    "staging": "{bucket: acme-shop-staging}",
    "lake": "{bucket: acme-lake}",
}


def text_of(**sections: str) -> str:
    """Return a spec that is right, one section a line, with some sections replaced."""
    return "".join(f"{name}: {value}\n" for name, value in {**SECTIONS, **sections}.items())


def spec_of(text: str, environ: Mapping[str, str] = ENVIRON) -> Spec:
    return parse_spec(text, file="spec.yaml", environ=environ, base_dir=ROOT)


def problems_of(text: str, environ: Mapping[str, str] = ENVIRON) -> tuple[Problem, ...]:
    try:
        spec_of(text, environ)
    except SpecError as error:
        return error.problems
    return ()


def messages_of(text: str, environ: Mapping[str, str] = ENVIRON) -> list[str]:
    """Return the problems as `field: message; fix`, without their places."""
    return [str(problem).split(": ", 1)[1] for problem in problems_of(text, environ)]
