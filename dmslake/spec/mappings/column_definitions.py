"""What define-primary-key and add-before-image-columns say about their columns."""

from dmslake.spec.mappings.part import Part

ORIGINS = ("primary-key", "unique-index")
COLUMN_FILTERS = ("pk-only", "non-lob", "all")
DEFAULT_PREFIX = "BI_"

_KEY = "primary-key-def"
_IMAGE = "before-image-def"


def check(rule: Part) -> None:
    """Check `primary-key-def` and `before-image-def` where a rule has them."""
    if rule.members.get(_KEY) is not None:
        _check_key(rule)
    if rule.members.get(_IMAGE) is not None:
        _check_image(rule)


def _check_key(rule: Part) -> None:
    key = rule.part(_KEY)
    if key is None:
        return
    key.know(("name", "origin", "columns"))
    key.text("name", "name the key")
    key.optional_choice("origin", ORIGINS)
    if not key.missing("columns", "list the columns of the key"):
        key.texts("columns")
        if key.members["columns"] in ([], ()):
            key.error("columns", "empty", "list the columns of the key")


def _check_image(rule: Part) -> None:
    image = rule.part(_IMAGE)
    if image is None:
        return
    image.know(("column-prefix", "column-suffix", "column-filter"))
    image.choice("column-filter", COLUMN_FILTERS)
    for name in ("column-prefix", "column-suffix"):
        if image.has(name):
            image.optional_text(name)
    prefix = image.members.get("column-prefix")
    if (DEFAULT_PREFIX if prefix is None else prefix) == "" and not image.has("column-suffix"):
        image.error(
            "column-prefix",
            "empty like column-suffix, so that the copies would be named as the columns are",
            f'write a prefix such as "{DEFAULT_PREFIX}"',
        )
