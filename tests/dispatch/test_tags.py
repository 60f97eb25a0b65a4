from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dispatch.errors import BadInput
from app.dispatch.tags import TAG_LENGTH, TAGS_AT_MOST, joining, normal_tag, normal_tags, retagged

texts = st.lists(st.text(max_size=TAG_LENGTH // 4), max_size=30)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [(" 雨季 ", "雨季"), ("雨　季\t一", "雨 季 一"), ("ＶＩＰ１", "VIP1"), (" \n ", ""), ("a  b", "a b")],
)
def test_a_tag_is_kept_one_way(typed: str, kept: str) -> None:
    assert normal_tag(typed) == kept


def test_the_same_tag_typed_twice_is_one() -> None:
    assert normal_tags(["雨季", " 雨季", "", "ＶＩＰ", "VIP"], where=["body"]) == ("雨季", "VIP")


def test_a_long_one_is_refused_where_it_stands() -> None:
    with pytest.raises(BadInput) as refused:
        normal_tags(["长" * (TAG_LENGTH + 1)], where=["body", "add"])
    assert refused.value.code == "tag_too_long"
    assert normal_tags([" " + "长" * TAG_LENGTH], where=["body"]) == ("长" * TAG_LENGTH,)


def test_tags_are_counted_after_what_goes() -> None:
    full = tuple(f"t{n}" for n in range(TAGS_AT_MOST))
    assert retagged(full, add=("new",), remove=("t0",))[-1] == "new"
    assert retagged(full, add=("t1",), remove=()) == full
    with pytest.raises(BadInput) as refused:
        retagged(full, add=("new",), remove=("unknown",))
    assert refused.value.code == "too_many_tags"


@given(texts, texts)
def test_what_a_report_brings_never_overfills_and_never_repeats(present: list[str], brought: list[str]) -> None:
    have = tuple(dict.fromkeys(filter(None, map(normal_tag, present))))[:TAGS_AT_MOST]
    after = (*have, *joining(have, brought))
    assert len(after) <= TAGS_AT_MOST
    assert len(set(after)) == len(after)
    assert all(normal_tag(one) == one != "" for one in after)


@given(texts)
def test_normalising_twice_changes_nothing(typed: list[str]) -> None:
    once = normal_tags(typed, where=["body"])
    assert normal_tags(once, where=["body"]) == once
    assert all(one != other for one, other in pairwise(sorted(once)))
