"""Names of schemas, tables and columns in rules, and what their wildcards match.

`%` stands for any run of characters and `_` for exactly one; letter case counts (DMS user guide,
"Wildcards in table mapping"). The time of a comparison is at most the product of the lengths.
"""

ANY = "%"
ONE = "_"


def is_pattern(name: str) -> bool:
    """Tell whether a name may match more than itself."""
    return ANY in name or ONE in name


def covers(pattern: str, name: str) -> bool:
    """Tell whether everything that `name` matches is matched by `pattern` too.

    `name` may be a pattern itself; a few odd pairs such as `%_` and `_%` are not recognised.
    """
    if pattern in (ANY, name):
        return True
    if not is_pattern(pattern):
        return False
    return _matches_glob(pattern, name)


def _matches_glob(pattern: str, name: str) -> bool:
    """Match greedily: on a mismatch the latest `%` takes one character more."""
    at = position = 0
    star, star_position = -1, 0
    while position < len(name):
        if at < len(pattern) and pattern[at] == ANY:
            star, star_position = at, position
            at += 1
        elif at < len(pattern) and _takes(pattern[at], name[position]):
            at += 1
            position += 1
        elif star >= 0:
            star_position += 1
            at, position = star + 1, star_position
        else:
            return False
    return pattern[at:].strip(ANY) == ""


def _takes(one: str, character: str) -> bool:
    return one == character or (one == ONE and character != ANY)


def meet(first: str, second: str) -> bool:
    """Tell whether some name is matched by both patterns."""
    if ANY in (first, second) or first == second:
        return True
    if not is_pattern(first):
        return covers(second, first)
    if not is_pattern(second):
        return covers(first, second)
    if ANY not in first + second:
        return len(first) == len(second) and _heads_meet(first, second)
    return _heads_meet(first, second) and _patterns_meet(first, second)


def _heads_meet(first: str, second: str) -> bool:
    """Tell whether the beginnings up to the first `%` of either pattern meet."""
    for one, other in zip(first, second, strict=False):
        if ANY in (one, other):
            return True
        if one != other and ONE not in (one, other):
            return False
    return True


def _patterns_meet(first: str, second: str) -> bool:
    """Compare all beginnings: `reached[j]` tells whether first[:i] and second[:j] meet."""
    reached = [True]
    for other in second:
        reached.append(reached[-1] and other == ANY)
    for one in first:
        row = [reached[0] and one == ANY]
        for j, other in enumerate(second):
            if ANY in (one, other):
                row.append(reached[j + 1] or row[j])
            else:
                row.append(reached[j] and (one == other or ONE in (one, other)))
        reached = row
    return reached[-1]
