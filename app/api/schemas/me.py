"""The caller as he is known here."""

from typing import Self
from uuid import UUID

from pydantic import Field

from app.api.schemas.base import Answer, Instant
from app.dispatch.access import Actor, Thing
from app.dispatch.codes import Post
from app.services.worklists import WaitingQueue


class AccountOut(Answer):
    """An account."""

    id: UUID = Field(description="Account", examples=["0190a8b2-6c5e-7d31-9a55-0c1f1a6b2c3d"])
    username: str = Field(description="Name to sign in with", examples=["operator01"])
    name: str = Field(description="Name of the person", examples=["王敏"])


class AppointmentOut(Answer):
    """A post and how far it reaches; without region and unit: the whole city."""

    post: Post = Field(description="Post", examples=["operator"])
    desk: str = Field(description="Desk that the post belongs to", examples=["city"])
    region_code: str | None = Field(description="District, street or community, with all below it", examples=[None])
    unit_code: str | None = Field(description="Unit, with all below it", examples=[None])


class ReachOut(Answer):
    """All posts' reach together."""

    everywhere: bool = Field(description="Some post reaches the whole city", examples=[True])
    regions: list[str] = Field(description="Roots of the region subtrees, sorted", examples=[["460199"]])
    units: list[str] = Field(description="Roots of the unit subtrees, sorted", examples=[["U0101"]])


class MeOut(Answer):
    """Who I am, what I may, where."""

    account: AccountOut = Field(description="My account")
    posts: list[AppointmentOut] = Field(description="My posts")
    reach: ReachOut = Field(description="How far they reach together")
    catalogue: str = Field(description="Edition of the active catalogue", examples=["city-practice-1"])

    @classmethod
    def of(cls, actor: Actor, *, edition: str) -> Self:
        """Render an actor."""
        held = actor.appointments
        return cls(
            account=AccountOut(id=actor.account_id, username=actor.username, name=actor.name),
            posts=[AppointmentOut.model_validate(one) for one in held],
            reach=ReachOut(
                everywhere=any(one.region_code is None and one.unit_code is None for one in held),
                regions=sorted({one.region_code for one in held if one.region_code}),
                units=sorted({one.unit_code for one in held if one.unit_code}),
            ),
            catalogue=edition,
        )


class WaitingOut(Answer):
    """One thing that waits."""

    id: UUID = Field(description="Report or case")
    number: str = Field(description="Receipt or case number", examples=["DEMO202603020000042"])
    state: str = Field(description="Where it stands", examples=["received"])
    attention: list[str] = Field(description="Why a person should look", examples=[["no_category"]])
    due_at: Instant | None = Field(description="Due time the caller is judged by", examples=[None])
    since: Instant = Field(description="When it came or was filed")


class QueueOut(Answer):
    """What waits for one post."""

    queue: str = Field(description="What is to be done", examples=["to_accept"])
    post: Post = Field(description="By which post", examples=["operator"])
    thing: Thing = Field(description="Reports or cases", examples=["report"])
    total: int = Field(description="How many wait", examples=[12])
    lights: dict[str, int] = Field(
        description="How many by light; `none` has no due time", examples=[{"green": 3, "red": 1, "none": 8}]
    )
    items: list[WaitingOut] = Field(description="Due first, then waiting longest")

    @classmethod
    def of(cls, waiting: WaitingQueue) -> Self:
        """Render a queue."""
        queue = waiting.queue
        return cls(
            queue=queue.name,
            post=queue.post,
            thing=queue.thing,
            total=sum(waiting.lights.values()),
            lights=dict(waiting.lights),
            items=[WaitingOut.model_validate(one) for one in waiting.first],
        )


class WorklistOut(Answer):
    """What waits for me, post by post."""

    items: list[QueueOut] = Field(description="The queues of my posts")
    next: str | None = Field(default=None, description="Always null: queues are few", examples=[None])
