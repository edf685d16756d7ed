"""The endpoints' settings in the words of DMS: names and values as CreateEndpoint takes them."""

from collections.abc import Mapping

from pydantic import SecretStr

from dmslake.spec.engines import ENGINES
from dmslake.spec.model.source import Source
from dmslake.spec.model.staging import STRUCTURE, Staging
from dmslake.spec.settings import in_words_of_dms


def source_settings(source: Source) -> tuple[str, Mapping[str, object]]:
    """Return what `source.settings` says.

    Returns:
        the member of CreateEndpoint that takes the settings, such as `PostgreSQLSettings`, and
        the settings by the names of that structure; without secrets, see `source_secrets`.
    """
    structure = ENGINES[source.engine].settings
    plain = {n: value for n, value in source.settings.items() if not isinstance(value, SecretStr)}
    return structure, in_words_of_dms(structure, plain)


def source_secrets(source: Source) -> Mapping[str, SecretStr]:
    """Return the settings of the source that are secrets, by the names of their structure."""
    secrets = {n: value for n, value in source.settings.items() if isinstance(value, SecretStr)}
    named = in_words_of_dms(ENGINES[source.engine].settings, secrets)
    return {name: value for name, value in named.items() if isinstance(value, SecretStr)}


def staging_settings(staging: Staging) -> Mapping[str, object]:
    """Return what `staging.settings` says, by the names of DMS's `S3Settings`; no defaults."""
    return in_words_of_dms(STRUCTURE, staging.settings)
