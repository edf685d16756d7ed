"""Specs for the blueprint, and the account that it is drawn for."""

from collections.abc import Mapping

from dmslake.aws.clients import Account
from dmslake.blueprint.names import Names
from dmslake.spec import Spec
from tests.spec.texts import ENVIRON, spec_of, text_of

ACCOUNT = Account(id="123456789012", region="eu-west-1")
NAMES = Names("shop", ACCOUNT)


def spec(environ: Mapping[str, str] = ENVIRON, **sections: str) -> Spec:
    """Return a spec that is right, with some sections replaced."""
    given = {
        "staging": "{bucket: acme-staging, prefix: dms}",
        "lake": "{bucket: acme-lake, prefix: raw/shop}",
        **sections,
    }
    return spec_of(text_of(**given), environ)
