"""YAML text to nodes, and what is wrong with text that is not YAML.

PyYAML's own messages quote the text, which may be a password in the wrong place, and differ between
its C and its Python parser; so the Python parser is used everywhere and its messages are replaced.
"""

import yaml

from dmslake.spec.document import UNTAGGED, Finding, Place
from dmslake.spec.environment import is_text

_QUOTE = "put the whole value in single quotes"
_INDENT = "correct the indentation, or put the whole value in single quotes"

# (start of PyYAML's message, what we say, what to do)
_SENTENCES = (
    ("found character '\\t'", "YAML does not allow a tab here", "indent with spaces"),
    ("found character", "an unquoted value cannot start with this character", _QUOTE),
    ("mapping values are not allowed", 'a ":" that does not fit here', _INDENT),
    ("could not find expected ':'", 'a field without ":"', 'write "name: value"'),
    ("expected <block end>", "this does not fit here", _INDENT),
    ("sequence entries are not allowed", 'a "-" that does not fit here', _INDENT),
    ("expected ',' or ']'", "the list is not closed before this", 'close it with "]"'),
    (
        "expected ',' or '}'",
        "the mapping is not closed before this",
        'close it with "}"; between { and } put ${NAME} in quotes',
    ),
    ("found unexpected end of stream", "the quotes that open here are never closed", "close them"),
    ("found unknown escape character", "an unknown escape in double quotes", "use single quotes"),
    ("but found another document", "a second document", "keep one document in the file"),
)

# Here PyYAML's problem stands where it gave up; the context is where the mistake is.
_AT_THE_START = ("found unexpected end of stream", "could not find expected ':'")


class SyntaxFinding(Exception):  # noqa: N818 - it carries a finding; it is not an error by itself
    """The text is not YAML, or uses a part of YAML that a spec does without."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


def compose(text: str) -> yaml.Node:
    """Return the root node of the one document in `text`; scalars are not yet resolved."""
    try:
        return _compose(text)
    except yaml.reader.ReaderError as error:
        place = _place_of_index(text, error.position)
        raise _syntax(place, "a control character", "remove it") from None
    except yaml.MarkedYAMLError as error:
        raise _explained(error) from None
    except RecursionError:
        raise _syntax(Place(1, 1), "nested too deeply", "") from None


def _compose(text: str) -> yaml.Node:
    composer = _Composer(text)
    try:
        root = composer.get_single_node()
    finally:
        composer.dispose()
    if root is None:
        fix = "start from config.example.yaml"
        raise SyntaxFinding(Finding((), Place(1, 1), "the file is empty", fix))
    return root


class _Composer(yaml.SafeLoader):
    """Composes nodes, marks those without a tag, and refuses aliases."""

    def resolve(self, kind: object, value: object, implicit: object) -> str:  # noqa: ARG002 - PyYAML's signature
        return UNTAGGED

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call] # PyYAML's stubs leave it out
            place = Place.of(event.start_mark)
            fix = "write the value out; put a text that starts with * in quotes"
            raise SyntaxFinding(Finding((), place, "YAML aliases (*name) are not supported", fix))
        return super().compose_node(parent, index)

    def compose_scalar_node(self, anchor: dict[object, yaml.Node]) -> yaml.ScalarNode:
        node = super().compose_scalar_node(anchor)
        if not is_text(node.value):
            # JSON writes an emoji as two escapes, and YAML is meant to contain JSON.
            joined = node.value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            if "\ufffd" in joined:
                raise _syntax(
                    Place.of(node.start_mark), "half of a character", "correct the escape"
                )
            node.value = joined
        return node


def _explained(error: yaml.MarkedYAMLError) -> SyntaxFinding:
    problem = error.problem or ""
    mark = error.context_mark if problem.startswith(_AT_THE_START) else error.problem_mark
    place = Place.of(mark) if mark else Place(1, 1)
    for start, message, fix in _SENTENCES:
        if problem.startswith(start):
            return _syntax(place, message, fix)
    return _syntax(place, "this does not fit here", _QUOTE)


def _syntax(place: Place, message: str, fix: str) -> SyntaxFinding:
    return SyntaxFinding(Finding((), place, f"not valid YAML: {message}", fix))


def _place_of_index(text: str, index: int) -> Place:
    before = text[:index]
    return Place(before.count("\n") + 1, index - before.rfind("\n"))
