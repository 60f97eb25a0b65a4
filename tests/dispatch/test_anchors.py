"""Tamper with chains at random in nine ways: with the anchors all of it shows, and nothing shows on clean chains."""

import contextlib
import copy
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from app.dispatch.anchors import (
    UNDER_WAY,
    Anchor,
    Anchored,
    AnchorFinding,
    AnchorFlaw,
    Grown,
    read_anchor,
    unlinked,
)
from app.dispatch.audit import ChainCheck, Finding, Flaw, Head
from app.dispatch.chain import link
from app.dispatch.errors import BadInput

Row = dict[str, Any]
Chains = dict[UUID, list[Row]]
START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
ANCHORED_AT = START + 30 * HOUR


def _chain(subject_id: UUID, steps: int, begun: datetime, word: str = "step") -> list[Row]:
    rows: list[Row] = []
    for number in range(1, steps + 1):
        row = {
            "subject_id": subject_id,
            "subject": "case",
            "number": number,
            "recorded_at": begun + number * HOUR,
            "payload": {"word": f"{word} {number}"},
        }
        rows.append({**row, "hash": link(rows[-1]["hash"] if rows else None, row)})
    return rows


def _city(chance: random.Random) -> Chains:
    return {
        UUID(int=one): _chain(UUID(int=one), chance.randint(3, 9), START + chance.randint(0, 9) * HOUR)
        for one in range(1, 9)
    }


def _anchors(chains: Chains) -> list[Anchor]:
    """Anchor a city at three instants, each time what has grown since."""
    anchors: list[Anchor] = []
    for number, at in enumerate((START + 7 * HOUR, START + 15 * HOUR, ANCHORED_AT), start=1):
        since = anchors[-1].next_since if anchors else None
        grown = {
            one: [row for row in rows if row["recorded_at"] <= at and (since is None or row["recorded_at"] >= since)]
            for one, rows in chains.items()
        }
        told = tuple(
            Grown(subject_id=one, first=rows[0]["number"], hashes=tuple(row["hash"] for row in rows))
            for one, rows in grown.items()
            if rows
        )
        previous = anchors[-1].root if anchors else None
        anchors.append(Anchor(city="c", number=number, at=at, since=since, previous=previous, chains=told))
    return anchors


def _found(chains: Chains, anchored: Anchored | None) -> list[Finding]:
    """Check every chain as the audit does, each with a head that says what its rows say."""
    found: list[Finding] = []
    for subject_id, rows in chains.items():
        check = ChainCheck(subject_id, anchored)
        for row in rows:
            found += check.take(row, {})
        found += check.end(Head(subject="case", version=rows[-1]["number"]))
    gone = anchored.subjects - chains.keys() if anchored else set()
    return found + [Finding(subject="", subject_id=one, number=1, flaw=Flaw.CUT) for one in gone]


def _rehash(rows: list[Row], since: int) -> None:
    """Calculate a chain anew from a row on, as somebody would who knows how."""
    for index in range(since, len(rows)):
        rows[index]["hash"] = link(rows[index - 1]["hash"] if index else None, rows[index])


def _edit(rows: list[Row], chance: random.Random) -> int:
    index = chance.randrange(len(rows))
    rows[index]["payload"] = {"word": "edited"}
    return index


def _remove(rows: list[Row], chance: random.Random) -> int:
    index = chance.randrange(len(rows) - 1)
    del rows[index]
    return index


def _insert(rows: list[Row], chance: random.Random) -> int:
    index = chance.randrange(len(rows))
    rows.insert(index, {**rows[index], "payload": {"word": "inserted"}})
    for later in rows[index + 1 :]:
        later["number"] += 1
    return index


def _swap(rows: list[Row], chance: random.Random) -> int:
    index = chance.randrange(len(rows) - 1)
    for name in ("payload", "recorded_at", "hash"):
        rows[index][name], rows[index + 1][name] = rows[index + 1][name], rows[index][name]
    return index


def _cut(rows: list[Row], chance: random.Random) -> int:
    left = chance.randrange(1, len(rows))
    del rows[left:]
    return left


def _calculate_anew(rows: list[Row], chance: random.Random) -> int:
    index = _edit(rows, chance)
    _rehash(rows, index)
    return index


def _copy(rows: list[Row], chance: random.Random) -> int:
    """Copy a later row over an earlier one, renumbered and hashed anew."""
    index = chance.randrange(len(rows) - 1)
    rows[index] = {**rows[-1], "number": index + 1, "payload": {**rows[-1]["payload"]}}
    _rehash(rows, index)
    return index


def _restore(rows: list[Row], chance: random.Random) -> int:
    """Put back an old copy of the table and go on from there, as if nothing had been."""
    left = chance.randrange(1, len(rows))
    rows[left:] = _chain(rows[0]["subject_id"], len(rows), rows[0]["recorded_at"], "other")[left:]
    _rehash(rows, left)
    return left


def _replace(rows: list[Row], _: random.Random) -> int:
    rows[:] = _chain(rows[0]["subject_id"], len(rows), rows[0]["recorded_at"], "replaced")
    return 0


KINDS: dict[str, Callable[[list[Row], random.Random], int]] = {
    "edit": _edit,
    "remove": _remove,
    "insert": _insert,
    "swap": _swap,
    "cut": _cut,
    "calculate_anew": _calculate_anew,
    "copy": _copy,
    "restore": _restore,
    "replace": _replace,
}
"""Each changes a chain and returns the index of the first row that is not as it was."""


def _tampered(seed: int) -> Iterator[tuple[str, UUID, int, Chains, Anchored]]:
    chance = random.Random(seed)  # noqa: S311  # it decides what is tried, nothing is kept secret by it
    city = _city(chance)
    anchored = Anchored.of(_anchors(city))
    for name, kind in KINDS.items():
        chains = copy.deepcopy(city)
        subject_id = chance.choice([*chains])
        index = kind(chains[subject_id], chance)
        yield name, subject_id, index + 1, chains, anchored


def test_all_tampering_shows_and_the_first_bad_row_is_named() -> None:
    """112 cities × 9 kinds = 1,008 tamperings; every row here is older than the last anchor."""
    for seed in range(112):
        for name, subject_id, number, chains, anchored in _tampered(seed):
            found = _found(chains, anchored)
            assert found, (seed, name)
            assert {one.subject_id for one in found} == {subject_id}, (seed, name)
            assert found[0].number == number, (seed, name, found)


def test_four_of_the_kinds_show_only_by_the_anchors() -> None:
    unseen = {name for seed in range(8) for name, *_, chains, _ in _tampered(seed) if not _found(chains, None)}
    assert unseen == {"cut", "calculate_anew", "copy", "restore", "replace"}


def test_clean_chains_show_nothing() -> None:
    for seed in range(1000):
        city = _city(random.Random(seed))  # noqa: S311  # as above
        assert _found(city, Anchored.of(_anchors(city))) == [], seed


def test_a_whole_chain_put_in_afterwards_shows_by_its_age() -> None:
    city = _city(random.Random(1))  # noqa: S311  # as above
    anchored = Anchored.of(_anchors(city))
    city[UUID(int=99)] = _chain(UUID(int=99), 3, START)
    assert [(one.subject_id.int, one.number, one.flaw) for one in _found(city, anchored)] == [(99, 1, Flaw.BACKDATED)]
    city[UUID(int=99)] = _chain(UUID(int=99), 3, ANCHORED_AT - UNDER_WAY)
    assert _found(city, anchored) == []


def test_a_whole_chain_that_is_gone_is_missed() -> None:
    city = _city(random.Random(2))  # noqa: S311  # as above
    anchored = Anchored.of(_anchors(city))
    del city[UUID(int=3)]
    assert [(one.subject_id.int, one.number, one.flaw) for one in _found(city, anchored)] == [(3, 1, Flaw.CUT)]


def test_what_is_newer_than_the_last_anchor_is_proven_by_its_chain_alone() -> None:
    city = {UUID(int=1): _chain(UUID(int=1), 40, START)}
    anchored = Anchored.of(_anchors(city))
    rows = city[UUID(int=1)]
    rows[35]["payload"] = {"word": "edited"}
    assert [one.number for one in _found(city, anchored)] == [36]
    _rehash(rows, 35)
    assert _found(city, anchored) == []
    del rows[32:]
    assert _found(city, anchored) == []


def test_an_anchor_is_read_as_it_was_written() -> None:
    for anchor in _anchors(_city(random.Random(3))):  # noqa: S311  # as above
        assert read_anchor(anchor.text) == anchor
        assert read_anchor(anchor.text).root == anchor.root


@pytest.mark.parametrize(
    "text", ["", "{}\n", "[]\n", "null\n", '{"format": "other"}\n', "no json\n", "\ufeff{}\n", '{"chains": 1}\n1 2\n']
)
def test_what_is_no_anchor_is_refused(text: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_anchor(text)
    assert refused.value.code == "anchor_unreadable"


def test_a_change_in_any_place_of_an_anchor_shows() -> None:
    anchor = _anchors(_city(random.Random(4)))[1]  # noqa: S311  # as above
    for index in range(len(anchor.text)):
        text = f"{anchor.text[:index]}{'1' if anchor.text[index] != '1' else '2'}{anchor.text[index + 1 :]}"
        with contextlib.suppress(BadInput):
            assert read_anchor(text).root != anchor.root


def test_anchors_that_do_not_follow_each_other_are_named() -> None:
    first, second, third = _anchors(_city(random.Random(5)))  # noqa: S311  # as above
    known = {one.number: one.root for one in (first, second, third)}
    assert unlinked([first, second, third], known) == []
    assert unlinked([first, second, third], {}) == []
    gone = AnchorFinding(number=2, flaw=AnchorFlaw.ABSENT)
    assert unlinked([first, third], known) == [gone]
    assert unlinked([first, second], known) == [AnchorFinding(number=3, flaw=AnchorFlaw.ABSENT)]
    other = replace(second, chains=second.chains[1:])
    assert unlinked([first, other, third], known) == [
        AnchorFinding(number=2, flaw=AnchorFlaw.OTHER_ROOT),
        AnchorFinding(number=3, flaw=AnchorFlaw.UNLINKED),
    ]
    assert unlinked([replace(first, previous="0" * 64), second], {})[0] == AnchorFinding(
        number=1, flaw=AnchorFlaw.UNLINKED
    )


def test_of_two_anchors_that_tell_of_a_step_the_older_counts() -> None:
    first, second, third = _anchors(_city(random.Random(6)))  # noqa: S311  # as above
    chain = first.chains[0]
    lie = Grown(subject_id=chain.subject_id, first=chain.first, hashes=("0" * 64,) * len(chain.hashes))
    anchored = Anchored.of([first, second, replace(third, chains=(*third.chains, lie))])
    assert anchored.hash_of(chain.subject_id, chain.first) == chain.hashes[0]
