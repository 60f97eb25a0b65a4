"""People of a desk over the small city, and what they do: bring in, claim, act; for the tests of a desk's day."""

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from fastapi import FastAPI
from httpx import AsyncClient, Response

from app.adapters.keys import Keys
from app.dispatch.codes import Post
from tests.people_stored import Person, signed_in
from tests.small_city import IN_WEST

API = "/api/v1"
DESK = (Post.OPERATOR, Post.SHIFT_LEAD, Post.DISPATCHER)
AT_ONCE = {"kind": "event", "category": "0305", "cases": [{"condition": 1}]}
ACCEPT = {"kind": "event", "category": "0305"}


@dataclass(slots=True, kw_only=True)
class Day:
    """A client, and the people who were signed in so far."""

    client: AsyncClient
    application: FastAPI
    keys: Keys
    brought: int = field(default=0)

    async def person(self, *posts: Post, unit: str | None = None) -> Person:
        return await signed_in(self.application, self.keys, *posts, unit=unit)

    async def get(self, person: Person, path: str, **params: Any) -> Any:
        answer = await self.client.get(API + path, headers=person.headers, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(
        self, person: Person, path: str, body: dict[str, Any] | None = None, headers: dict[str, str] | None = None
    ) -> Response:
        return await self.client.post(API + path, headers={**person.headers, **(headers or {})}, json=body or {})

    async def done(
        self, person: Person, path: str, body: dict[str, Any] | None = None, headers: dict[str, str] | None = None
    ) -> Any:
        answer = await self.post(person, path, body, headers)
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()

    async def reported(self, person: Person, count: int = 1) -> list[str]:
        """Bring in reports, each a little further east than the one before."""
        found = []
        for _ in range(count):
            self.brought += 1
            location = {"lon": IN_WEST[0] + self.brought * 1e-6, "lat": IN_WEST[1], "datum": "cgcs2000"}
            body = {"source": "walk_in", "description": "路面有渣土", "location": location, "client_id": str(uuid4())}
            found.append((await self.done(person, "/reports", {**body, **ACCEPT}))["id"])
        return found

    async def case(self, person: Person) -> str:
        """Return a case at its unit; `person` holds the three posts of a desk."""
        (report,) = await self.reported(person)
        opened = await self.done(person, f"/reports/{report}/actions/accept_file_dispatch", AT_ONCE)
        return str(opened["cases"][0]["id"])
