"""Compresses text as raw DEFLATE, to the same bytes everywhere.

The standard library's zlib will not do: which of the many valid encodings it writes depends on the
zlib it was built with (zlib and zlib-ng differ), so the same sources zipped on two machines would
look like a change of the function's code. What is written here any zlib can read. It is meant for
some kilobytes of source code: one block, with Huffman codes made for it.

Format: RFC 1951, whose sections the comments name.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, groupby
from typing import NamedTuple

_SHORTEST, _LONGEST, _WINDOW = 3, 258, 32768
_CANDIDATES = 24  # earlier places looked at for one match: more is slower and hardly smaller
_END = 256
# Section 3.2.5: the bits that follow each length and distance symbol, and where its range begins.
_LENGTH_BITS = [0] * 4 + [bits for bits in range(6) for _ in range(4)] + [0]
_LENGTHS = [*accumulate((1 << bits for bits in _LENGTH_BITS[:27]), initial=_SHORTEST), _LONGEST]
_DISTANCE_BITS = [0] * 2 + [bits for bits in range(14) for _ in range(2)]
_DISTANCES = list(accumulate((1 << bits for bits in _DISTANCE_BITS[:-1]), initial=1))
# Section 3.2.7: the order in which the lengths of the code for the lengths are sent.
_ORDER = (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15)


class _Run(NamedTuple):
    symbol: int
    least: int
    most: int
    width: int


# Section 3.2.7: how a length is told to come again, and how zeros are.
_AGAIN, _FEW_ZEROS, _MANY_ZEROS = _Run(16, 3, 6, 2), _Run(17, 3, 10, 3), _Run(18, 11, 138, 7)
_SHORTEST_RUN = 3

_Symbol = tuple[int, int, int]
"""A symbol, the number that follows it, and in how many bits."""


def deflate(data: bytes) -> bytes:
    """Compress; `zlib.decompress(…, wbits=-15)` gives the data back."""
    tokens = list(_tokens(data))
    literals = _code_lengths(Counter([_END, *(token[0][0] for token in tokens)]), deepest=15)
    distances = _code_lengths(Counter(token[1][0] for token in tokens if token[1:]), deepest=15)
    codes = _codes(literals), _codes(distances)
    bits = ["1", "10", *_header(literals, distances)]  # the last block, and it brings its codes
    for token in tokens:
        for code, (symbol, number, width) in zip(codes, token, strict=False):
            bits += code[symbol], _number(number, width)
    bits.append(codes[0][_END])
    # Section 3.1.1: the stream's first bit is the lowest of its first byte.
    text = "".join(reversed(bits))
    return int(text, 2).to_bytes((len(text) + 7) // 8, "little")


def _tokens(data: bytes) -> Iterator[tuple[_Symbol, ...]]:
    """Cut the data into literals, and references (length, distance) to what came before."""
    earlier = _earlier(data)
    at, found = 0, _longest(data, earlier, 0)
    while at < len(data):
        length, distance = found
        following = _longest(data, earlier, at + 1)
        if length < _SHORTEST or following[0] > length:
            yield ((data[at], 0, 0),)
            at, found = at + 1, following
        else:
            yield (
                _ranged(length, _LENGTHS, _LENGTH_BITS, _END + 1),
                _ranged(distance, _DISTANCES, _DISTANCE_BITS, 0),
            )
            at, found = at + length, _longest(data, earlier, at + length)


def _earlier(data: bytes) -> list[int]:
    """Tell for each place where its three bytes last stood before; -1 for nowhere."""
    last: dict[bytes, int] = {}
    earlier = []
    for at in range(len(data) - _SHORTEST + 1):
        three = data[at : at + _SHORTEST]
        earlier.append(last.get(three, -1))
        last[three] = at
    return earlier


def _longest(data: bytes, earlier: Sequence[int], at: int) -> tuple[int, int]:
    """Find what stood before as the next bytes do: the longest, nearest; its length, distance."""
    longest, distance = 0, 0
    limit = min(_LONGEST, len(data) - at)
    place = earlier[at] if at < len(earlier) else -1
    for _ in range(_CANDIDATES):
        if place < 0 or at - place > _WINDOW or longest >= limit:
            break
        if data[place + longest] == data[at + longest]:
            length = _SHORTEST
            while length < limit and data[place + length] == data[at + length]:
                length += 1
            if length > longest:
                longest, distance = length, at - place
        place = earlier[place]
    return longest, distance


def _ranged(value: int, starts: Sequence[int], bits: Sequence[int], first: int) -> _Symbol:
    index = bisect_right(starts, value) - 1
    return first + index, value - starts[index], bits[index]


def _code_lengths(counts: Mapping[int, int], *, deepest: int) -> list[int]:
    """Make a Huffman code: the length of every symbol's, 0 for one that is not used."""
    if len(counts) < 2:  # noqa: PLR2004 - a code tells at least two symbols apart
        counts = {0: 1, 1: 1, **counts}
    heap: list[tuple[int, tuple[int, ...]]] = [(count, (one,)) for one, count in counts.items()]
    lengths = [0] * (max(symbols[0] for _, symbols in heap) + 1)
    heapq.heapify(heap)
    while len(heap) > 1:
        (few, some), (more, others) = heapq.heappop(heap), heapq.heappop(heap)
        heapq.heappush(heap, (few + more, some + others))
        for symbol in some + others:
            lengths[symbol] += 1
    if max(lengths) <= deepest:
        return lengths
    flatter = {one: (count + 1) // 2 for one, count in counts.items()}
    return _code_lengths(flatter, deepest=deepest)


def _codes(lengths: Sequence[int]) -> dict[int, str]:
    """Number the codes of these lengths (section 3.2.2), the bit that is sent first at the end."""
    codes, code, before = {}, 0, 0
    for length, symbol in sorted((length, one) for one, length in enumerate(lengths) if length):
        code <<= length - before
        codes[symbol] = f"{code:0{length}b}"[::-1]
        code, before = code + 1, length
    return codes


def _header(literals: list[int], distances: list[int]) -> Iterator[str]:
    """Write both codes' lengths, themselves run-length and Huffman coded (section 3.2.7)."""
    runs = list(_runs(literals + distances))
    lengths = _code_lengths(Counter(symbol for symbol, _, _ in runs), deepest=7)
    lengths += [0] * (len(_ORDER) - len(lengths))
    used = max(place for place, symbol in enumerate(_ORDER) if lengths[symbol]) + 1
    yield from (_number(len(literals) - 257, 5), _number(len(distances) - 1, 5))
    yield _number(used - 4, 4)
    yield from (_number(lengths[symbol], 3) for symbol in _ORDER[:used])
    codes = _codes(lengths)
    for symbol, number, width in runs:
        yield from (codes[symbol], _number(number, width))


def _runs(lengths: Iterable[int]) -> Iterator[_Symbol]:
    for length, group in groupby(lengths):
        left = len(list(group))
        if length:
            yield length, 0, 0
            left -= 1
        while left >= _SHORTEST_RUN:
            zeros = _MANY_ZEROS if left > _FEW_ZEROS.most else _FEW_ZEROS
            kind = _AGAIN if length else zeros
            run = min(left, kind.most)
            yield kind.symbol, run - kind.least, kind.width
            left -= run
        yield from [(length, 0, 0)] * left


def _number(number: int, width: int) -> str:
    return f"{number:0{width}b}" if width else ""
