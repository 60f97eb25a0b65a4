"""Clients that behave as they should: an id made once, tried again after every failure, and no trust in silence."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from random import Random
from typing import Any, Final
from uuid import UUID

import httpx

from app.adapters.dialects import StandardWebhooks
from app.demo.seed import PARTNER, PASSWORD, SECRET
from tests.faults.journal import Journal

Json = dict[str, Any]
Place = tuple[float, float]
RETRIED: Final = frozenset({"idempotency_in_progress"})
_TRIES: Final = 500
_GIVES_UP: Final = 0.05
"""How often a client is thrown away after a failure, with what it had not been told."""
MATTER: Final = {"kind": "event", "category": "0110"}


class Loader:
    """Two writers for every channel and one at the desk, until told to end."""

    def __init__(self, address: str, journal: Journal, places: Sequence[Place], chance: Random) -> None:
        self.dispatched: list[str] = []
        self._address = f"{address}/api/v1"
        self._journal = journal
        self._places = places
        self._chance = chance
        self._tokens: dict[str, str] = {}
        self._accepted: asyncio.Queue[str] = asyncio.Queue()
        self._ending = asyncio.Event()
        self._client = httpx.AsyncClient(timeout=10, trust_env=False)

    async def run(self) -> None:
        """Write until `end` is called."""
        writers: list[Callable[[int], Awaitable[None]]] = [self._single, self._batch, self._citizen, self._hotline]
        async with self._client:
            await asyncio.gather(
                *(self._again(writer, number) for writer in writers for number in (1, 2)),
                self._again(self._handle, 1),
            )

    def end(self) -> None:
        self._ending.set()

    async def _again(self, write: Callable[[int], Awaitable[None]], number: int) -> None:
        while not self._ending.is_set():
            await write(number)
            await asyncio.sleep(self._chance.uniform(0.05, 0.3))

    async def _single(self, number: int) -> None:
        client_id = self._new_id()
        body = {"source": "inspector", **MATTER, "condition": 1, **self._report(), "client_id": client_id}
        answer = await self._post(
            "/reports", [f"client:{client_id}"], body, who=f"inspector0{number}", headers=self._key()
        )
        if answer is not None:
            self._ack("single", f"client:{client_id}", answer["id"])

    async def _batch(self, number: int) -> None:
        ids = [self._new_id() for _ in range(self._chance.randint(1, 6))]
        operations = [
            {"op": "report", "client_id": one, "body": {**MATTER, "condition": 1, **self._report()}} for one in ids
        ]
        body = {"device_id": f"device-{number}", "operations": operations}
        keys = [f"client:{one}" for one in ids]
        answer = await self._post("/inspector/sync", keys, body, who=f"inspector1{number}")
        for one in answer["items"] if answer is not None else ():
            if one["status"] == "rejected":
                self._journal.note("rejected", code=one["problem"]["code"])
            else:
                self._ack("batch", f"client:{one['client_id']}", one["result"]["report_id"])

    async def _citizen(self, _number: int) -> None:
        client_id = self._new_id()
        body = {**self._report(), "client_id": client_id, "reporter": {"name": "王芳", "phone": "13812345678"}}
        answer = await self._post("/citizen/reports", [f"client:{client_id}"], body, headers=self._key())
        if answer is not None:
            receipt = {"receipt_no": answer["receipt_no"], "query_code": answer["query_code"]}
            self._ack("citizen", f"client:{client_id}", answer["id"], **receipt)

    async def _hotline(self, _number: int) -> None:
        order_no = f"K{self._new_id()}"
        report = self._report()
        order = {
            "order_no": order_no,
            "action": "create",
            "content": report["description"],
            "caller": {"name": "李强", "phone": "13987654321"},
            "location": report["location"],
            **MATTER,
        }
        answer = await self._event(order)
        if answer is None:
            return
        self._ack("hotline", f"order:{order_no}", answer["report_id"])
        if self._chance.random() < 0.5:
            more = {"order_no": order_no, "action": "supplement", "content": "还在那里", "version": "2"}
            if await self._event(more) is not None:
                self._step("supplement", answer["report_id"], order_no)
        if self._accepted.qsize() < 20:
            self._accepted.put_nowait(json.dumps([order_no, answer["report_id"]]))

    async def _event(self, order: Json) -> Json | None:
        message_id = f"m-{self._new_id()}"

        def signed(body: bytes) -> Mapping[str, str]:
            return StandardWebhooks().sign(SECRET, message_id, datetime.now(UTC), body)

        return await self._post(f"/hotline/{PARTNER}/orders", [f"order:{order['order_no']}"], order, sign=signed)

    async def _handle(self, _number: int) -> None:
        """Be the desk: accept, file and dispatch what the hotline sent."""
        try:
            order_no, report_id = json.loads(await asyncio.wait_for(self._accepted.get(), 1))
        except TimeoutError:
            return
        if await self._act("reports", report_id, "accept", "operator01", order_no, MATTER) is None:
            return
        filed = await self._act("reports", report_id, "file", "lead01", order_no, {"cases": [{"condition": 1}]})
        if filed is None:
            return
        case_id = filed["cases"][0]["id"]
        if await self._act("cases", case_id, "dispatch", "dispatcher01", order_no, {}) is not None:
            self.dispatched.append(case_id)

    async def _act(self, thing: str, subject_id: str, action: str, who: str, order_no: str, body: Json) -> Json | None:
        answer = await self._post(
            f"/{thing}/{subject_id}/actions/{action}", [], body, who=who, headers=self._key(), gives_up=0
        )
        if answer is not None:
            self._step(action, subject_id, order_no)
        return answer

    async def _post(
        self,
        path: str,
        keys: Sequence[str],
        body: Json,
        *,
        who: str | None = None,
        headers: Mapping[str, str] | None = None,
        sign: Callable[[bytes], Mapping[str, str]] | None = None,
        gives_up: float = _GIVES_UP,
    ) -> Json | None:
        """Send the same bytes until they are answered; None when the client gave up, or was refused for good."""
        content = json.dumps(body, ensure_ascii=False).encode()
        for _ in range(_TRIES):
            self._journal.note("sent", keys=list(keys), path=path)
            sent = {**(headers or {}), **(sign(content) if sign else {}), "Content-Type": "application/json"}
            answer = await self._try(path, content, sent, who)
            if answer is not None and answer.is_success:
                found: Json = answer.json()
                return found
            if answer is not None and not self._retriable(answer, who):
                return None
            if self._ending.is_set() or self._chance.random() < gives_up:
                break
            await asyncio.sleep(self._chance.uniform(0.1, 1))
        self._journal.note("gave_up", keys=list(keys))
        return None

    async def _try(
        self, path: str, content: bytes, headers: Mapping[str, str], who: str | None
    ) -> httpx.Response | None:
        """Return the answer; None when there was none, and nobody knows what became of the request."""
        try:
            bearer = {"Authorization": f"Bearer {await self._token(who)}"} if who else {}
            answer = await self._client.post(f"{self._address}{path}", content=content, headers={**headers, **bearer})
        except (httpx.HTTPError, KeyError) as error:
            self._journal.note("no_answer", kind=type(error).__name__)
            return None
        self._note_answer(path, answer)
        return answer

    async def _token(self, who: str) -> str:
        if who not in self._tokens:
            form = {"username": who, "password": PASSWORD}
            answer = await self._client.post(f"{self._address}/auth/token", data=form)
            self._note_answer("/auth/token", answer)
            self._tokens[who] = answer.json()["access_token"]
        return self._tokens[who]

    def _retriable(self, answer: httpx.Response, who: str | None) -> bool:
        if answer.status_code == httpx.codes.UNAUTHORIZED and who:
            self._tokens.pop(who, None)
            return True
        return answer.status_code == httpx.codes.SERVICE_UNAVAILABLE or answer.json().get("code") in RETRIED

    def _note_answer(self, path: str, answer: httpx.Response) -> None:
        code = None if answer.is_success else answer.json().get("code")
        waits = "retry-after" in answer.headers
        self._journal.note("answer", status=answer.status_code, path=path, code=code, waits=waits)

    def _ack(self, channel: str, key: str, report_id: str, **more: str) -> None:
        self._journal.note("ack", channel=channel, key=key, report_id=report_id, **more)

    def _step(self, action: str, subject_id: str, order_no: str) -> None:
        self._journal.note("step", action=action, subject_id=subject_id, order_no=order_no)

    def _report(self) -> Json:
        lon, lat = self._chance.choice(self._places)
        location = {"lon": lon, "lat": lat, "datum": "cgcs2000", "from": "device"}
        return {"description": "人行道上有暴露垃圾", "location": location}

    def _key(self) -> Mapping[str, str]:
        return {"Idempotency-Key": self._new_id()}

    def _new_id(self) -> str:
        return str(UUID(int=self._chance.getrandbits(128), version=4))
