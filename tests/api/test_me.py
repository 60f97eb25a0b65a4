import pytest
from httpx import AsyncClient

from app.dispatch.codes import Post
from tests.people_stored import SignIn


@pytest.mark.usefixtures("booked")
async def test_i_am_told_my_posts_my_reach_and_the_edition(app_client: AsyncClient, sign_in: SignIn) -> None:
    person = await sign_in(Post.SHIFT_LEAD, Post.OPERATOR)
    answer = await app_client.get("/api/v1/me", headers=person.headers)
    held = {"desk": "city", "region_code": None, "unit_code": None}
    assert answer.json() == {
        "account": {"id": str(person.id), "username": person.username, "name": "王敏"},
        "posts": [{"post": "operator", **held}, {"post": "shift_lead", **held}],
        "reach": {"everywhere": True, "regions": [], "units": []},
        "catalogue": "test",
    }


@pytest.mark.usefixtures("booked")
async def test_a_unit_reaches_its_subtree_only(app_client: AsyncClient, sign_in: SignIn) -> None:
    person = await sign_in(Post.UNIT, unit="U1")
    answer = await app_client.get("/api/v1/me", headers=person.headers)
    assert answer.json()["reach"] == {"everywhere": False, "regions": [], "units": ["U1"]}


async def test_before_there_is_a_book_it_says_when_to_come_back(app_client: AsyncClient, sign_in: SignIn) -> None:
    answer = await app_client.get("/api/v1/me", headers=(await sign_in(Post.OPERATOR)).headers)
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "not_ready", "2")
