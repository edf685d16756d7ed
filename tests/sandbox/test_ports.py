"""Ports stay the same for the same folder, and a taken one is never handed out."""

from __future__ import annotations

import socket
from pathlib import Path

from dmslake.sandbox.ports import choose, is_free


def test_the_same_folder_gets_the_same_port_and_others_get_others(tmp_path: Path) -> None:
    assert choose(tmp_path) == choose(tmp_path)
    assert len({choose(tmp_path / str(number)) for number in range(20)}) > 10


def test_ports_lie_below_those_of_outgoing_connections(tmp_path: Path) -> None:
    assert all(20_000 <= choose(tmp_path / str(number)) < 30_000 for number in range(50))


def test_a_port_that_was_given_away_is_not_given_again(tmp_path: Path) -> None:
    first = choose(tmp_path)
    assert choose(tmp_path, [first]) != first


def test_a_port_with_a_listener_is_not_free(tmp_path: Path) -> None:
    port = choose(tmp_path)
    assert is_free(port)
    with socket.create_server(("127.0.0.1", port)):
        assert not is_free(port)
        assert choose(tmp_path) != port
    assert is_free(port)


def test_a_port_that_is_only_bound_is_not_free(tmp_path: Path) -> None:
    port = choose(tmp_path)
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", port))
        assert not is_free(port)
