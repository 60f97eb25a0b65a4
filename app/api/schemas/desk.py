"""The queue of a post, what is taken from it, and what is handed over at the end of a shift."""

from typing import Literal, Self
from uuid import UUID

from pydantic import Field

from app.api.schemas.base import Answer, Body, Instant
from app.api.schemas.claims import ClaimOut
from app.dispatch.access import Thing
from app.dispatch.codes import Light, Post
from app.repositories.leases import HandedOver, Held
from app.services.handovers import InHand
from app.services.queues import QueuedThing


class QueuedOut(Answer):
    """One thing that waits in a queue."""

    thing: Thing = Field(description="Report or case", examples=["report"])
    id: UUID = Field(description="Of the report or case")
    number: str = Field(description="Receipt or case number", examples=["7KQ2M9X4TBHW3C"])
    state: str = Field(description="Where it stands", examples=["received"])
    queue: str = Field(description="What is to be done", examples=["to_accept"])
    post: Post = Field(description="By which post", examples=["operator"])
    since: Instant = Field(description="Since when it waits for that")
    stage_due_at: Instant | None = Field(description="When that is due, by the post's stage limit")
    light: Light | None = Field(description="Of the stage: yellow from 70 % of its limit, red from due")
    attention: list[str] = Field(description="Why a person should look", examples=[["no_category"]])
    due_at: Instant | None = Field(description="The case's or the answer's own due time", examples=[None])
    claimed_by_me: bool = Field(description="The caller has taken it", examples=[False])
    claimed: ClaimOut | None = Field(description="Who has taken it, the caller included", examples=[None])

    @classmethod
    def of(cls, one: QueuedThing) -> Self:
        """Render one thing."""
        waiting, queue, claim = one.waiting, one.queue, None
        if waiting.holder_id is not None and waiting.holder is not None and waiting.until is not None:
            claim = ClaimOut(post=queue.post, account_id=waiting.holder_id, name=waiting.holder, until=waiting.until)
        return cls(
            thing=queue.thing,
            id=waiting.id,
            number=waiting.number,
            state=waiting.state,
            queue=queue.name,
            post=queue.post,
            since=waiting.since,
            stage_due_at=one.stage.due_at,
            light=one.light,
            attention=list(waiting.attention),
            due_at=waiting.due_at,
            claimed_by_me=one.mine,
            claimed=claim,
        )


class QueuePageOut(Answer):
    """Some of a queue."""

    items: list[QueuedOut] = Field(description="Due first")
    next: str | None = Field(description="Cursor of the following page", examples=[None])


class NextIn(Body):
    """Take the next from a queue."""

    post: Literal[Post.OPERATOR, Post.SHIFT_LEAD, Post.DISPATCHER, Post.COORDINATOR, Post.SUPERVISOR] = Field(
        description="From which post's queue", examples=["operator"]
    )
    count: int = Field(default=1, ge=1, le=20, description="How many at most", examples=[5])


class TakenOut(Answer):
    """What was taken; fewer than asked for where fewer are free."""

    items: list[QueuedOut] = Field(description="Due first; claimed by the caller now")


class HeldOut(Answer):
    """Something that the caller has claimed."""

    thing: Thing = Field(description="Report or case", examples=["case"])
    id: UUID = Field(description="Of the report or case")
    number: str = Field(description="Receipt or case number", examples=["DEMO202603020000042"])
    state: str = Field(description="Where it stands", examples=["filed"])
    post: Post = Field(description="At which post's stage", examples=["dispatcher"])
    taken_at: Instant = Field(description="Since when")
    until: Instant = Field(description="Ends by itself then")

    @classmethod
    def of(cls, held: Held) -> Self:
        """Render a claim with its thing."""
        lease = held.lease
        return cls(
            thing=held.thing,
            id=lease.subject_id,
            number=held.number,
            state=held.state,
            post=lease.post,
            taken_at=held.taken_at,
            until=lease.until,
        )


class HandedOut(Answer):
    """One claim in a handover."""

    thing: Thing = Field(description="Report or case", examples=["case"])
    id: UUID = Field(description="Of the report or case")
    post: Post = Field(description="At which post's stage", examples=["dispatcher"])
    moved: bool = Field(description="It went to the colleague; else back to the queue", examples=[True])


class HandoverOut(Answer):
    """What went from one to another, or back to the queue."""

    id: UUID = Field(description="Of the handover")
    at: Instant = Field(description="When")
    from_account: UUID = Field(description="Whose it was")
    from_name: str = Field(description="His name", examples=["王敏"])
    by_account: UUID = Field(description="Who did it: himself, or who took it away from him")
    to_account: UUID | None = Field(description="The colleague; null: all went back to the queue", examples=[None])
    to_name: str | None = Field(description="His name", examples=["李强"])
    items: list[HandedOut] = Field(description="What was held")
    note: str | None = Field(description="Words for the colleague, numbers taken out", examples=["第三件待市民回电"])

    @classmethod
    def of(cls, one: HandedOver) -> Self:
        """Render a handover."""
        return cls(
            id=one.id,
            at=one.at,
            from_account=one.from_account,
            from_name=one.from_name,
            by_account=one.by_account,
            to_account=one.to_account,
            to_name=one.to_name,
            items=[
                HandedOut(thing=lease["subject"], id=lease["subject_id"], post=lease["post"], moved=lease["moved"])
                for lease in one.leases
            ],
            note=one.note,
        )


class InHandOut(Answer):
    """What there is to hand over."""

    claims: list[HeldOut] = Field(description="What I have claimed, what ends first at the front")
    tasks: list[QueuedOut] = Field(description="Verifications and checks given to me, due first; at most 50")
    requests: list[QueuedOut] = Field(description="Requests that wait for a ruling of my posts, due first; at most 50")
    handovers: list[HandoverOut] = Field(description="Of the last 24 hours, to me and by me, newest first; at most 50")

    @classmethod
    def of(cls, one: InHand) -> Self:
        """Render what is in hand."""
        return cls(
            claims=[HeldOut.of(held) for held in one.leases],
            tasks=[QueuedOut.of(task) for task in one.tasks],
            requests=[QueuedOut.of(request) for request in one.requests],
            handovers=[HandoverOut.of(handover) for handover in one.handovers],
        )


class HandoverIn(Body):
    """Hand everything over that I have claimed."""

    to: str | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        description="Account id or username of a colleague of the same desk; without, all goes back to the queue",
        examples=["operator02"],
    )
    note: str | None = Field(
        default=None, max_length=2000, description="Words for the colleague", examples=["第三件待市民回电"]
    )
