"""What a verification came to, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from dmslake.backfill.run import Progress
from dmslake.backfill.verification import Finding, Found
from dmslake.cli import backfill_view
from dmslake.cli.terminal import Terminal
from dmslake.errors import DifferenceError, DmslakeError, StoppedError
from dmslake.operations.verify import Verdict

_WORDS = {
    Finding.MISSING: "missing in the lake",
    Finding.SIZE: "of another size in the lake",
    Finding.CONTENT: "of another content in the lake",
    Finding.UNREACHABLE: "cannot be copied to where they belong",
    Finding.EXTRA: "in the lake, and nothing staged belongs there",
    Finding.ORPHAN: "in the lake, staged once and no longer",
}
_BY = {
    "etag": "alike by ETag",
    "checksum": "alike by checksum",
    "bytes": "alike byte for byte",
    "size": "alike by size",
}


def line_of(progress: Progress) -> str:
    """Return how far a verification is, in one line."""
    if any(progress.settled.values()):
        return backfill_view.line_of(progress)
    parts = [f"{progress.listed:,} staged objects"]
    if progress.compared:
        parts.append(f"{progress.compared:,} of the lake compared")
    return " · ".join(parts)


def show_verdict(terminal: Terminal, verdict: Verdict) -> None:
    """Print how many are alike and what differs, with examples."""
    ended = "verified" if verdict.finished else "interrupted; verified so far"
    terminal.data(f"{ended}: {verdict.staged:,} staged objects in {verdict.seconds:,.1f} s")
    for by, word in _BY.items():
        if verdict.alike.get(by):
            terminal.data(f"  {verdict.alike[by]:>12,} {word}")
    if verdict.skipped:
        terminal.data(f"  {verdict.skipped:>12,} belong nowhere")
    for why, count in verdict.unlooked.items():
        terminal.data(Text(f"! {count:,} could not be compared: {why}", style="yellow"))
    for kind, (count, repaired) in verdict.counts.items():
        told = f", {repaired:,} of them repaired" if repaired else ""
        left = count > repaired and kind is not Finding.ORPHAN
        terminal.data(Text(f"  {count:>12,} {_WORDS[kind]}{told}", style="red" if left else ""))
        for line in _examples(verdict, kind):
            terminal.data(Text(f"               {line}"))


def _examples(verdict: Verdict, kind: Finding) -> Iterator[str]:
    for one in verdict.examples:
        if one.finding is kind:
            yield _told(one)


def _told(one: Found) -> str:
    if not one.key:
        return one.target
    sizes = "" if one.lies is None else f" ({one.size:,} bytes, {one.lies:,} in the lake)"
    where = f" -> {one.target}" if one.target else ""
    return f"{one.key}{where}{sizes}{f': {one.detail}' if one.detail else ''}"


def verdict_data(verdict: Verdict) -> dict[str, object]:
    """Return what a verification came to, for JSON."""
    return {
        "finished": verdict.finished,
        "seconds": round(verdict.seconds, 1),
        "staged": verdict.staged,
        "skipped": verdict.skipped,
        "alike": dict(verdict.alike),
        "not_compared": dict(verdict.unlooked),
        "differences": verdict.differences,
        "findings": {
            str(kind): {"objects": count, "repaired": repaired}
            for kind, (count, repaired) in verdict.counts.items()
        },
        "examples": [one._asdict() | {"finding": str(one.finding)} for one in verdict.examples],
    }


def failure(verdict: Verdict, *, repair: bool) -> DmslakeError | None:
    """Return the error that a verdict amounts to."""
    if verdict.differences:
        left = " are left" if repair else ""
        return DifferenceError(
            f"{verdict.differences:,} differences{left} between staging and the lake",
            why="; ".join(
                f"{count - repaired:,} {_WORDS[kind]}"
                for kind, (count, repaired) in verdict.counts.items()
                if count > repaired and kind is not Finding.ORPHAN
            ),
            fix="what cannot be repaired is told above"
            if repair
            else "dmslake verify --repair copies what is missing or differs; extra objects stay",
        )
    if verdict.unlooked:
        return DifferenceError(
            f"{sum(verdict.unlooked.values()):,} objects could not be compared",
            why="; ".join(verdict.unlooked),
            fix="remove the cause, and verify again",
        )
    if not verdict.finished:
        return StoppedError("the verification was interrupted", fix="run it again")
    return None
