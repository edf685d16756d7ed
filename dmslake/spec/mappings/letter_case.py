"""Letter case: names match as the source stores them.

Oracle and Db2 store names in upper case and PostgreSQL in lower case, unless they were quoted
when they were made (DMS user guide, the pages of these sources).
"""

from collections.abc import Iterator, Sequence

from dmslake.spec.display import quoted
from dmslake.spec.mappings.located import Located
from dmslake.spec.mappings.locator import OBJECT_LOCATOR, SCHEMA, TABLE
from dmslake.spec.mappings.task import Task


def check(selected: Sequence[Located], task: Task) -> None:
    """Warn once of names that hardly match anything in this source."""
    if task.stores_upper_case:
        usual, unlike = "upper", str.islower
    elif task.reads_postgres:
        usual, unlike = "lower", str.isupper
    else:
        return
    odd = [(rule, member, name) for rule, member, name in _names(selected) if unlike(name)]
    if odd:
        rule, member, name = odd[0]
        others = len({each.part.path for each, _, _ in odd}) - 1
        rules = "rule" if others == 1 else "rules"
        count = f", here and in {others} more {rules}" if others else ""
        message = f"{task.engine} stores names in {usual} case unless they are quoted{count}"
        other = name.upper() if usual == "upper" else name.lower()
        fix = f"write {quoted(other)} unless the name really is {quoted(name)}"
        rule.part.warning((OBJECT_LOCATOR, member), message, fix)


def _names(selected: Sequence[Located]) -> Iterator[tuple[Located, str, str]]:
    for rule in selected:
        yield rule, SCHEMA, rule.schema
        yield rule, TABLE, rule.table
