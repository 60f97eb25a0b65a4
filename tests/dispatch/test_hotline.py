import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dispatch.codes import Attention, Contact, Kind
from app.dispatch.errors import BadInput, Unreadable
from app.dispatch.hotline import Evaluation, GivenPoint, HotlineAction, Order, Urgency, read_order
from app.dispatch.loose import TEXT_AT_MOST

UNKNOWN = frozenset({Attention.UNKNOWN_VALUE})


def read(**fields: Any) -> Order:  # whatever a partner sends
    return read_order(json.dumps({"order_no": "A1", "action": "create", **fields}, ensure_ascii=False).encode())


def test_a_whole_order_is_read() -> None:
    order = read(
        title="垃圾",
        content="满溢",
        urgency="critical",
        caller={"name": "王某", "phone": "13800000000", "callback_phone": "0513-1", "confidential": True},
        address="人民路",
        location={"lon": 121.11, "lat": 31, "datum": "gcj02", "accuracy_m": 20},
        kind="event",
        category="0101",
        occurred_at="2026-03-10T09:00:00+08:00",
        due_at="2026-03-17T09:00:00Z",
        repeat_of="A0",
        request_type="投诉",
        extend1="anything",
    )
    assert (order.order_no, order.action, order.said) == ("A1", HotlineAction.CREATE, "create")
    assert order.text == "垃圾\n满溢"
    assert (order.reporter.name, order.reporter.phone, order.reporter.callback_phone) == (
        "王某",
        "13800000000",
        "0513-1",
    )
    assert order.reporter.contact is Contact.CONFIDENTIAL
    assert order.point == GivenPoint(lon=121.11, lat=31.0, datum="gcj02", accuracy_m=20.0)
    assert (order.address, order.kind, order.category) == ("人民路", Kind.EVENT, "0101")
    assert order.urgency is Urgency.CRITICAL
    assert order.occurred_at == datetime(2026, 3, 10, 1, tzinfo=UTC)
    assert order.due_at == datetime(2026, 3, 17, 9, tzinfo=UTC)
    assert order.repeat_of == "A0"
    assert json.loads(order.raw)["extend1"] == "anything"
    assert order.attention == frozenset()


def test_the_least_order_is_read_and_nothing_is_odd_about_it() -> None:
    order = read()
    assert (order.text, order.point, order.reporter.contact, order.attention) == (None, None, None, frozenset())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"x"',
        b"{",
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1} x',
        b"{'a': 1}",
        '{"order_no": "1", "action": "create", "content": "井盖"}'.encode("gbk"),
        b'{"a":' * 100_000,
        b"[" * 100_000,
        b'{"a": ' + b"9" * 5000 + b"}",
        b"\xff\xfe",
    ],
)
def test_what_is_no_json_object_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read_order(body)


@pytest.mark.parametrize("name", ["order_no", "action"])
@pytest.mark.parametrize("value", [None, "", "  ", [], {}, True, 1.5, "x" * 201, "\x00"])
def test_nothing_is_done_without_an_order_number_or_an_action(name: str, value: Any) -> None:
    with pytest.raises(BadInput) as refused:
        read(**{name: value})
    assert refused.value.code == f"{name}_required"


def test_the_last_of_two_equal_keys_counts_and_a_byte_order_mark_is_no_fault() -> None:
    assert read_order(b'\xef\xbb\xbf{"order_no": "1", "order_no": 2, "action": "urge"}').order_no == "2"


@pytest.mark.parametrize(
    ("fields", "name", "kept"),
    [
        ({"action": "explode"}, "action", None),
        ({"title": 5}, "text", None),
        ({"content": ["x"]}, "text", None),
        ({"urgency": "extreme"}, "urgency", Urgency.NORMAL),
        ({"urgency": 1}, "urgency", Urgency.NORMAL),
        ({"kind": "animal"}, "kind", None),
        ({"category": "1" * 21}, "category", None),
        ({"category": {}}, "category", None),
        ({"address": False}, "address", None),
        ({"location": "121,31"}, "point", None),
        ({"location": {"lon": 121}}, "point", None),
        ({"location": {"lon": 121, "lat": 31}}, "point", None),
        ({"location": {"lon": "121", "lat": "31", "datum": "wgs84"}}, "point", None),
        ({"location": {"lon": True, "lat": 31, "datum": "wgs84"}}, "point", None),
        ({"location": {"lon": 10**400, "lat": 31, "datum": "wgs84"}}, "point", None),
        ({"occurred_at": "yesterday"}, "occurred_at", None),
        ({"occurred_at": 1773104400}, "occurred_at", None),
        ({"occurred_at": "0001-01-01T00:00:00+08:00"}, "occurred_at", None),
        ({"due_at": "9999-12-31T23:59:59-12:00"}, "due_at", None),
        ({"due_at": "2026-03-10 09:00:00"}, "due_at", datetime(2026, 3, 10, 1, tzinfo=UTC)),
        ({"evaluation": "good"}, "evaluation", None),
        ({"repeat_of": []}, "repeat_of", None),
        ({"caller": "13800000000"}, "order_no", "A1"),
        ({"caller": {"name": 5}}, "order_no", "A1"),
    ],
)
def test_a_value_that_is_not_as_agreed_is_noted_and_never_refused(
    fields: dict[str, Any], name: str, kept: object
) -> None:
    order = read(**fields)
    assert getattr(order, name) == kept
    assert order.attention == UNKNOWN


def test_an_endless_number_is_no_place() -> None:
    order = read_order(b'{"order_no":"1","action":"create","location":{"lon":1e400,"lat":3,"datum":"wgs84"}}')
    assert (order.point, order.attention) == (None, UNKNOWN)


def test_an_address_beside_the_point_is_enough() -> None:
    order = read(location={"address": "新华路口"})
    assert (order.address, order.point, order.attention) == ("新华路口", None, frozenset())


@pytest.mark.parametrize("flag", ["yes", "0", 1, 0, ["x"]])
def test_a_wish_for_secrecy_that_cannot_be_read_is_granted(flag: object) -> None:
    order = read(caller={"confidential": flag})
    assert order.reporter.contact is Contact.CONFIDENTIAL
    assert order.attention == UNKNOWN


@pytest.mark.parametrize("flag", [False, None])
def test_who_did_not_ask_for_secrecy_is_asked_by_the_desk(flag: bool | None) -> None:  # noqa: FBT001
    assert read(caller={"confidential": flag}).reporter.contact is None


def test_a_phone_given_as_a_number_is_kept() -> None:
    assert read(caller={"phone": 13800000000}).reporter.phone == "13800000000"


def test_what_the_database_cannot_hold_is_taken_out() -> None:
    order = read_order(b'{"order_no":"A\\u00001","action":"create","content":"a\\u0000b\\ud800c"}')
    assert (order.order_no, order.text) == ("A1", "abc")
    assert "\\u0000" in order.raw


def test_long_texts_are_cut_outside_the_raw_payload_only() -> None:
    long = "长" * (TEXT_AT_MOST + 5)
    order = read(title="短", content=long, address=long)
    assert order.text is not None
    assert len(order.text) == TEXT_AT_MOST
    assert len(order.address or "") == TEXT_AT_MOST
    assert long in order.raw


def test_attachments_wait_for_a_person() -> None:
    assert read(attachments=[{"url": "http://p.test/1"}]).attention == {Attention.MEDIA_PENDING}
    assert read(attachments=[]).attention == frozenset()


def test_an_evaluation_is_read_and_its_grade_kept_within_bounds() -> None:
    good = read(evaluation={"reached": True, "solved": True, "satisfaction": 5, "comment": "好"})
    assert good.evaluation == Evaluation(reached=True, solved=True, satisfaction=5, comment="好")
    for grade in (0, 6, True, "5", 4.0):
        odd = read(evaluation={"satisfaction": grade})
        assert odd.evaluation is not None
        assert odd.evaluation.satisfaction is None
        assert odd.attention == UNKNOWN


@pytest.mark.parametrize(
    ("said", "dissatisfied"),
    [
        ({"satisfaction": 1}, True),
        ({"satisfaction": 2}, True),
        ({"satisfaction": 3}, False),
        ({"solved": False}, True),
        ({"solved": False, "satisfaction": 5}, True),
        ({"solved": True}, False),
        ({"reached": False}, False),
    ],
)
def test_who_is_dissatisfied(said: dict[str, Any], dissatisfied: bool) -> None:  # noqa: FBT001
    evaluation = read(evaluation=said).evaluation
    assert evaluation is not None
    assert evaluation.dissatisfied is dissatisfied


def test_the_key_is_the_event_id_else_order_action_and_version_else_the_body() -> None:
    assert read(event_id="e1", title="x").key == read(event_id="e1", title="y", order_no="B").key == "event:e1"
    assert read(version=1, title="x").key == read(version="1", title="y").key
    assert read(version=1).key != read(version=2).key
    assert read(version=1).key != read(version=1, action="urge").key
    assert read(version=1).key != read(version=1, order_no="A2").key
    assert read(title="x").key == read(title="x").key
    assert read(title="x").key != read(title="y").key
    # joined without care these two would be the same
    assert read(order_no='A", "create', version=1).key != read(order_no="A", action='create", "create', version=1).key
    assert len(read(event_id="e" * 5000).key) < 100
    assert read(event_id="e" * 5000).key != read(event_id="e" * 5001).key


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)
names = st.sampled_from(
    [
        "title",
        "content",
        "urgency",
        "caller",
        "address",
        "location",
        "kind",
        "category",
        "occurred_at",
        "due_at",
        "attachments",
        "repeat_of",
        "evaluation",
        "event_id",
        "version",
        "request_type",
    ]
)
inner_names = st.sampled_from(
    ["name", "phone", "confidential", "lon", "lat", "datum", "satisfaction", "solved", "comment"]
)


@given(st.dictionaries(names, anything | st.dictionaries(inner_names, anything)))
def test_nothing_that_is_sent_is_refused(fields: dict[str, Any]) -> None:
    order = read_order(json.dumps({"order_no": "A1", "action": "create", **fields}).encode())
    texts = [order.text, order.address, order.category, order.key, order.reporter.name, order.reporter.phone]
    assert all("\x00" not in text and text.encode() is not None for text in texts if text is not None)
