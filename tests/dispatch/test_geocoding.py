"""What an address may mean, against a small town on a flat map; and the metres that it says."""

from datetime import UTC, datetime, timedelta
from math import cos, radians, sin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dispatch.geocoding.candidates import Leaning, candidates
from app.dispatch.geocoding.gazetteer import Confirmed, Hit, Known, Place, name_rows
from app.dispatch.geocoding.ground import along, crossings, moved
from app.dispatch.geocoding.pairs import Pair, gathered, learnt_key
from app.dispatch.geocoding.parsing import parse, region_keys
from app.dispatch.geocoding.readings import Candidate
from app.dispatch.geocoding.reversing import describe
from app.dispatch.geodesy import distance_m
from app.dispatch.set_codes import PlaceMatch
from tests.places_made import HERE, Row, area, known, line, metres, point, row, town

NOON = datetime(2026, 3, 10, 4, tzinfo=UTC)


def asked(address: str, rows: list[Row] | None = None, leaning: Leaning | None = None) -> list[Candidate]:
    phrase = parse(address, region_keys(["东区", "西区"]))
    return candidates(phrase, known(town() if rows is None else rows, phrase), leaning)


@pytest.mark.parametrize(
    ("address", "name", "place"),
    [
        ("人民路与新华路交叉口", "人民路与新华路交叉口", (0, 0)),
        ("新华路与人民路交叉口", "新华路与人民路交叉口", (0, 0)),
        ("人民路与新华路交叉口向西50米", "人民路与新华路交叉口", (-50, 0)),
        ("人民路与新华路交叉口向北200米", "人民路与新华路交叉口", (0, 200)),
        ("人民路与新华路交叉口东北100米", "人民路与新华路交叉口", None),
        ("老街与新华路口往南80米", "人民路与新华路交叉口", (0, -80)),
        ("人民路（新华路至解放路段）", "人民路（新华路至解放路段）", (200, 0)),
        ("人民路128号", "人民路128号", (300, 20)),
        ("老街128号", "人民路128号", (300, 20)),
        ("人民路128号向东30米", "人民路128号", (330, 20)),
        ("人民路124号", "人民路124号", (275, 20)),
        ("人民路130号", "人民路128号", (300, 20)),
        ("幸福里3号楼2单元", "幸福小区", (150, 100)),
        ("幸福小区东门", "幸福小区", (200, 100)),
        ("幸福小区西侧", "幸福小区", (100, 100)),
        ("人民路", "人民路", (0, 0)),
    ],
)
def test_an_address_means_a_place(address: str, name: str, place: tuple[float, float] | None) -> None:
    best = asked(address)[0]
    assert best.name == name
    if place is not None:
        assert metres(best.lon, best.lat) == pytest.approx(place, abs=0.01)


def test_a_number_that_is_not_there_is_told_from_one_that_is() -> None:
    there, between, next_to = (asked(f"人民路{number}号")[0] for number in (128, 124, 130))
    assert [one.matched for one in (there, between, next_to)] == [
        {PlaceMatch.DOOR},
        {PlaceMatch.BETWEEN_DOORS},
        {PlaceMatch.NEXT_DOOR},
    ]
    assert there.score > between.score > next_to.score
    assert asked("人民路121号")[0].matched == {PlaceMatch.DOOR}
    other_side = asked("人民路123号")[0]
    assert metres(other_side.lon, other_side.lat) == pytest.approx((260, -20), abs=0.01)
    assert asked("人民路999号")[0].matched >= {PlaceMatch.ROAD}


def test_numbers_of_two_streets_of_one_name_are_not_mixed() -> None:
    far = [row(21, "人民路120号", "door", point(9000, 0)), row(22, "人民路128号", "door", point(9080, 0))]
    found = [one for one in asked("人民路124号", [*town(), *far]) if PlaceMatch.BETWEEN_DOORS in one.matched]
    assert sorted(metres(one.lon, one.lat)[0] for one in found) == pytest.approx([275, 9040], abs=1)
    assert found[0].score == found[1].score


def test_more_said_and_understood_is_worth_more() -> None:
    scores = [
        asked(text)[0].score
        for text in ("幸福小区", "幸福小区附近", "人民路", "我在幸福小区门口看到有人倒垃圾", "人民路与不知路交叉口")
    ]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == len(scores)
    assert asked("没有这个地方") == []


def test_equal_places_are_all_named_and_region_and_nearness_tell_them_apart() -> None:
    both = asked("万家超市")
    assert (len(both), both[0].score) == (2, both[1].score)

    def areas_at(lon: float, lat: float) -> list[str]:
        return ["东区" if metres(lon, lat)[0] > 300 else "西区"]

    first, second = asked("东区万家超市", leaning=Leaning(areas_at=areas_at))
    assert metres(first.lon, first.lat)[0] == pytest.approx(600, abs=0.01)
    assert first.matched == {PlaceMatch.NAME, PlaceMatch.REGION}
    assert second.matched == {PlaceMatch.NAME}
    assert first.score == both[0].score > second.score
    near = asked("万家超市", leaning=Leaning(near=HERE.degrees(590, 0)))
    assert metres(near[0].lon, near[0].lat)[0] == pytest.approx(600, abs=0.01)
    assert near[0].score > near[1].score


def test_longer_names_go_before_those_within_them() -> None:
    more = [*town(), row(11, "幸福小区北苑", "compound", point(150, 500))]
    assert [one.name for one in asked("幸福小区北苑2号楼", more)] == ["幸福小区北苑"]
    assert [one.name for one in asked("幸福小区2号楼", more)] == ["幸福小区"]


def test_a_crossing_that_the_file_names_is_found_whichever_road_comes_first() -> None:
    own = [row(1, "人民路与新华路交叉口", "crossing", point(7, 7))]
    for address in ("新华路和人民路路口", "人民路/新华路", "人民路与新华路交叉口"):
        best = asked(address, own)[0]
        assert (best.name, PlaceMatch.CROSSING in best.matched) == ("人民路与新华路交叉口", True)


def test_what_is_confirmed_goes_first_and_dispute_makes_it_doubtful() -> None:
    phrase = parse("万家超市对面")
    here, there = HERE.degrees(10, 10), HERE.degrees(900, 0)
    names = known(town(), phrase)

    def told(*confirmed: Confirmed) -> Candidate:
        both = Known(hits=names.hits, doors=names.doors, confirmed=confirmed)
        return candidates(phrase, both, asked="万家超市对面")[0]

    once = told(Confirmed(lon=here[0], lat=here[1], count=1, last=NOON))
    thrice = told(Confirmed(lon=here[0], lat=here[1], count=3, last=NOON))
    assert once.matched == {PlaceMatch.CONFIRMED}
    assert once.name == "万家超市对面"
    assert candidates(phrase, names)[0].score < once.score < thrice.score < 1
    disputed = told(
        Confirmed(lon=here[0], lat=here[1], count=1, last=NOON),
        Confirmed(lon=there[0], lat=there[1], count=1, last=NOON),
    )
    assert disputed.score < once.score


def test_confirmations_gather_into_places() -> None:
    a, b, c = HERE.degrees(0, 0), HERE.degrees(30, 0), HERE.degrees(500, 0)
    pairs = [Pair(lon=lon, lat=lat, at=NOON + timedelta(days=n)) for n, (lon, lat) in enumerate((a, b, c))]
    found = gathered(pairs)
    assert [(one.count, one.lon) for one in found] == [(2, b[0]), (1, c[0])]
    assert gathered(reversed(pairs)) == found
    assert gathered([]) == []


def test_what_is_remembered_of_an_address() -> None:
    assert learnt_key("人民路 １２８ 号，") == learnt_key("人民路128号")
    assert learnt_key("路口") is None
    said = learnt_key("人民路128号 电话13812345678")
    assert said is not None
    assert "13812345678" not in said


def test_doors_are_kept_by_their_road_and_other_names_by_their_keys() -> None:
    rows = list(name_rows([row(1, "人民路128号", "door", point(0, 0)), row(2, "五一路", "road", point(0, 0), "51路")]))
    assert [(one["number"], one["entry"], one["key"], one["base"], one["door"]) for one in rows] == [
        (1, 1, None, "人民路", 128),
        (2, 1, "51路", None, None),
    ]


# Metres and directions


@given(st.floats(-179, 179), st.floats(-60, 60), st.floats(0, 360), st.floats(1, 5000))
def test_a_way_is_as_long_as_it_says(lon: float, lat: float, heading: float, far: float) -> None:
    end = moved((lon, lat), heading, far)
    assert distance_m((lon, lat), end) == pytest.approx(far, abs=1)


@given(st.sampled_from("东南西北"), st.integers(1, 500))
def test_metres_along_a_road_are_right_within_one(way: str, far: int) -> None:
    best = asked(f"人民路与新华路交叉口向{way}{far}米")[0]
    east, north = {"东": (1, 0), "西": (-1, 0), "北": (0, 1), "南": (0, -1)}[way]
    assert metres(best.lon, best.lat) == pytest.approx((east * far, north * far), abs=1)


@given(st.floats(-39, 39), st.integers(10, 400))
def test_along_a_slanting_road_one_stays_on_it(angle: float, far: int) -> None:
    slope = (cos(radians(angle)), sin(radians(angle)))
    road = line((-500 * slope[0], -500 * slope[1]), (500 * slope[0], 500 * slope[1]))
    end = along([road], HERE.degrees(0, 0), 90, far)
    assert end is not None
    assert metres(*end) == pytest.approx((far * slope[0], far * slope[1]), abs=1)
    assert along([road], HERE.degrees(0, 0), 90, 501) is None
    assert along([road], HERE.degrees(0, 0), 0, far) is None


@given(st.text(alphabet="人民路新华与号128向西50米幸福小区 ", max_size=30))
def test_an_alias_answers_as_its_name_does(text: str) -> None:
    by_alias = [{**one, "aliases": ["乙丙路"]} if one["name"] == "人民路" else one for one in town()]
    mine, theirs = asked(text, by_alias), asked(text.replace("人民路", "乙丙路"), by_alias)
    assert [(one.score, one.lon, one.lat) for one in mine] == [(one.score, one.lon, one.lat) for one in theirs]


def test_roads_that_nearly_meet_and_carriageways_have_one_crossing() -> None:
    short = line((0, 20), (0, 300))
    assert len(crossings([line((-500, 0), (500, 0))], [short])) == 1
    assert crossings([line((-500, 0), (500, 0))], [line((0, 60), (0, 300))]) == []
    double = [line((-500, 0), (500, 0)), line((-500, 30), (500, 30))]
    (one,) = crossings(double, [line((0, -300), (0, 300))])
    assert metres(*one) == pytest.approx((0, 15), abs=0.1)
    twice = line((-500, -10), (0, 10), (500, -10))
    assert len(crossings([twice], [line((-500, 0), (500, 0))])) == 2


# Back to words


def places() -> list[Place]:
    return [Place(number=one["number"], name=one["name"], kind=one["kind"], shape=one["geom"]) for one in town()]


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ((-50, 0), "人民路与新华路交叉口向西50米"),
        ((5, 3), "人民路与新华路交叉口"),
        ((150, 100), "幸福小区内"),
        ((300, 10), "人民路128号附近"),
        ((-80, 50), "万家超市附近"),
        ((400, 250), "解放路与人民路交叉口向北250米"),
        ((5000, 5000), None),
    ],
)
def test_a_point_has_words(place: tuple[float, float], words: str | None) -> None:
    found = describe(*HERE.degrees(*place), places())
    assert (found[0].name if found else None) == words


@given(st.integers(-280, 280).filter(lambda far: abs(far) > 16), st.booleans())
def test_words_lead_back_to_their_point(far: int, across: bool) -> None:  # noqa: FBT001  # drawn
    place = (0, far) if across else (far, 0)
    words = [one.name for one in describe(*HERE.degrees(*place), places()) if one.kind == "crossing"]
    best = asked(words[0])[0]
    assert metres(best.lon, best.lat) == pytest.approx(place, abs=1)


def test_a_name_that_is_only_alike_is_worth_less() -> None:
    place = Place(number=1, name="幸福小区", kind="compound", shape=area(0, 0, 10, 10))
    alike = Known(hits=[Hit(place=place, key="幸福小区", likeness=0.5)])
    (one,) = candidates(parse("幸福小去"), alike)
    assert one.matched == {PlaceMatch.SIMILAR}
    assert one.score < asked("幸福小区")[0].score / 2
