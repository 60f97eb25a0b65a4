import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from app.adapters.dialects import DIALECTS, SIGNATURES_AT_MOST, STANDARD_WEBHOOKS
from app.dispatch.errors import Unauthenticated

DIALECT = DIALECTS[STANDARD_WEBHOOKS]
SECRET = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes....").decode()
NOW = datetime(2026, 3, 10, 1, 0, tzinfo=UTC)
BODY = '{"order_no": "1", "action": "create", "content": "井盖破损"}'.encode()

bodies = st.binary(max_size=200)
ids = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", min_size=1, max_size=40)


def _accepts(headers: dict[str, str], body: bytes, now: datetime = NOW, secret: str = SECRET) -> bool:
    try:
        DIALECT.verify(secret, headers, body, now)
    except Unauthenticated:
        return False
    return True


def test_the_signature_is_the_published_formula() -> None:
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    seconds = str(int(NOW.timestamp()))
    digest = hmac.new(key, b"m-1." + seconds.encode() + b"." + BODY, hashlib.sha256).digest()
    assert DIALECT.sign(SECRET, "m-1", NOW, BODY) == {
        "webhook-id": "m-1",
        "webhook-timestamp": seconds,
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }


@given(message_id=ids, text=st.text(max_size=100))
def test_another_implementation_accepts_what_we_sign(message_id: str, text: str) -> None:
    assume(not any(0xD800 <= ord(one) <= 0xDFFF for one in text))
    now = datetime.now(UTC)
    headers = DIALECT.sign(SECRET, message_id, now, text.encode())
    assert Webhook(SECRET).verify(text, headers, json_parse=False) is None


@given(message_id=ids, text=st.text(max_size=100))
def test_we_accept_what_another_implementation_signs(message_id: str, text: str) -> None:
    assume(not any(0xD800 <= ord(one) <= 0xDFFF for one in text))
    signature = Webhook(SECRET).sign(message_id, NOW, text)
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(NOW.timestamp())),
        "webhook-signature": signature,
    }
    assert _accepts(headers, text.encode())


@given(body=bodies.filter(bool), data=st.data())
def test_any_flipped_byte_of_the_body_is_refused(body: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(body) - 1))
    flipped = bytes([*body[:at], body[at] ^ data.draw(st.integers(1, 255)), *body[at + 1 :]])
    assert _accepts(DIALECT.sign(SECRET, "m-1", NOW, body), body)
    assert not _accepts(DIALECT.sign(SECRET, "m-1", NOW, body), flipped)


@given(name=st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"]), data=st.data())
@example(name="webhook-signature", data=None)
def test_any_flipped_byte_of_a_header_is_refused(name: str, data: st.DataObject | None) -> None:
    headers = DIALECT.sign(SECRET, "m-1", NOW, BODY)
    value = headers[name].encode()
    # the last but one character of 32 bytes in base64 holds two bits that decoders drop: 1 changes nothing but the text
    at = data.draw(st.integers(0, len(value) - 1)) if data else len(value) - 2
    mask = data.draw(st.integers(1, 127)) if data else 1
    flipped = bytes([*value[:at], value[at] ^ mask, *value[at + 1 :]]).decode("latin-1")
    assert not _accepts({**headers, name: flipped}, BODY)


@pytest.mark.parametrize(
    ("seconds", "accepted"), [(0, True), (299, True), (-299, True), (300, True), (301, False), (-301, False)]
)
def test_the_clock_may_be_off_by_five_minutes(seconds: int, accepted: bool) -> None:  # noqa: FBT001
    headers = DIALECT.sign(SECRET, "m-1", NOW, BODY)
    assert _accepts(headers, BODY, NOW + timedelta(seconds=seconds)) is accepted


def test_a_stale_signature_says_so_and_a_forged_one_does_not() -> None:
    headers = DIALECT.sign(SECRET, "m-1", NOW, BODY)
    with pytest.raises(Unauthenticated) as stale:
        DIALECT.verify(SECRET, headers, BODY, NOW + timedelta(hours=1))
    with pytest.raises(Unauthenticated) as forged:
        DIALECT.verify(SECRET, headers, BODY + b" ", NOW + timedelta(hours=1))
    assert (stale.value.code, forged.value.code) == ("stale_signature", "bad_signature")


def test_one_right_signature_among_several_is_enough() -> None:
    headers = DIALECT.sign(SECRET, "m-1", NOW, BODY)
    other = "v1," + base64.b64encode(bytes(32)).decode()
    assert _accepts({**headers, "webhook-signature": f"v1a,x {other} {headers['webhook-signature']}"}, BODY)


def test_only_the_first_eight_signatures_are_looked_at() -> None:
    headers = DIALECT.sign(SECRET, "m-1", NOW, BODY)
    padding = ["v1,AAAA"] * SIGNATURES_AT_MOST
    assert _accepts({**headers, "webhook-signature": " ".join([*padding[1:], headers["webhook-signature"]])}, BODY)
    assert not _accepts({**headers, "webhook-signature": " ".join([*padding, headers["webhook-signature"]])}, BODY)


@pytest.mark.parametrize("message_id", ["a.b", "", "a\r\nb", "a b", "号", "x" * 256])
def test_an_id_that_could_be_read_two_ways_is_refused(message_id: str) -> None:
    headers = DIALECT.sign(SECRET, message_id, NOW, BODY)
    assert not _accepts(headers, BODY)


@pytest.mark.parametrize(
    "seconds", ["", "1e9", "-1", "+1773104400", "１７７３１０４４００", "1_773_104_400", "9" * 400]
)
def test_a_timestamp_that_is_no_plain_number_is_refused(seconds: str) -> None:
    assert not _accepts({**DIALECT.sign(SECRET, "m-1", NOW, BODY), "webhook-timestamp": seconds}, BODY)


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_header_is_refused(missing: str) -> None:
    headers = DIALECT.sign(SECRET, "m-1", NOW, BODY)
    del headers[missing]
    assert not _accepts(headers, BODY)


def test_a_signature_under_another_secret_is_refused() -> None:
    other = "whsec_" + base64.b64encode(b"another secret of thirty-two....").decode()
    assert not _accepts(DIALECT.sign(other, "m-1", NOW, BODY), BODY)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_not base64!"])
def test_an_unusable_secret_of_our_own_is_an_error_and_never_a_pass(secret: str) -> None:
    with pytest.raises(ValueError, match="secret"):
        DIALECT.verify(secret, DIALECT.sign(SECRET, "m-1", NOW, BODY), BODY, NOW)
