"""The compressor: every zlib reads what it writes, and what it writes never differs."""

from __future__ import annotations

import random
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmslake.blueprint import deflate as module
from dmslake.blueprint.deflate import deflate

TEXT = Path(module.__file__).read_bytes()
WORDS = st.sampled_from([b"self.", b"return ", b"\n    ", b"def ", b"x", b"aaaa", b"\0", b"\xff"])


def inflate(packed: bytes) -> bytes:
    """Read the stream to its end, and see that it has one and nothing behind it."""
    reader = zlib.decompressobj(wbits=-15)
    data = reader.decompress(packed)
    assert reader.eof
    assert reader.unused_data == b""
    return data


@given(st.binary(max_size=2_000))
def test_any_bytes_come_back(data: bytes) -> None:
    assert inflate(deflate(data)) == data


@given(st.lists(WORDS, max_size=600).map(b"".join))
def test_text_full_of_repetitions_comes_back(data: bytes) -> None:
    assert inflate(deflate(data)) == data


@given(st.integers(1, 256), st.integers(0, 5_000), st.randoms(use_true_random=False))
def test_noise_over_any_alphabet_comes_back(symbols: int, size: int, noise: random.Random) -> None:
    data = bytes(noise.randrange(symbols) for _ in range(size))
    assert inflate(deflate(data)) == data


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"a",
        b"aaa",
        b"a" * 257,
        b"a" * 258,
        b"a" * 259,
        b"a" * 600,
        b"ab" * 20_000,
        bytes(range(256)),
        bytes(range(256)) * 3,
    ],
    ids=lambda data: f"{len(data)} bytes",
)
def test_the_edges_of_the_format_come_back(data: bytes) -> None:
    assert inflate(deflate(data)) == data


@pytest.mark.parametrize("gap", [32_764, 32_765, 32_766, 32_767, 32_768, 32_769, 40_000])
def test_a_repetition_at_the_end_of_the_window_comes_back(gap: int) -> None:
    between = random.Random(gap).randbytes(gap)  # noqa: S311 - noise, no secret
    assert inflate(deflate(b"needle" + between + b"needle")) == b"needle" + between + b"needle"


@pytest.mark.parametrize("deepest", [7, 15])
def test_no_code_is_longer_than_the_format_has(deepest: int) -> None:
    # Fibonacci numbers make the deepest Huffman tree there is: one level more for each symbol.
    counts = {0: 1, 1: 1}
    while len(counts) < 19:
        counts[len(counts)] = counts[len(counts) - 2] + counts[len(counts) - 1]
    lengths = module._code_lengths(counts, deepest=deepest)
    assert min(lengths) > 0
    assert max(lengths) <= deepest
    assert sum(2**-length for length in lengths) == 1, "some bits have no meaning, or two"


def test_source_code_becomes_as_small_as_with_zlib() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    best = len(packer.compress(TEXT) + packer.flush())
    assert len(deflate(TEXT)) <= 1.05 * best


def test_the_bytes_are_these() -> None:
    # Another encoding, however good, updates the code of every function that is deployed.
    text = b"to be, or not to be: that is the question; to be, to be, to be"
    assert deflate(text).hex() == (
        "4dcac109c0201044d156a6805490541361c1bdeca03bf6af88074f8f0f5f"
        "44b107ec080abb5ea8fe82e7d2d086a59cf1e1ac3713"
    )
