"""Named places that addresses are found by, the index of their names, and what operators confirmed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, geometry


class Place(Base):
    """A named place: a door, a road, a crossing, a compound, a shop. Names are not unique, numbers are the file's."""

    __tablename__ = "places"

    set_id: Mapped[UUID] = mapped_column(ForeignKey("sets.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str]
    kind: Mapped[str]
    aliases: Mapped[list[str]]
    geom: Mapped[Any] = mapped_column(geometry("GEOMETRY"))

    __table_args__ = (Index("ix_places_geom", "geom", postgresql_using="gist"),)


class PlaceName(Base):
    """One way to find a place: by the key of a name, or by a door's number along its `base`."""

    __tablename__ = "place_names"

    set_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    entry: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key: Mapped[str | None]
    alias: Mapped[bool]
    base: Mapped[str | None]
    door: Mapped[int | None]

    __table_args__ = (
        ForeignKeyConstraint(["set_id", "number"], ["places.set_id", "places.number"]),
        Index("ix_place_names_key", "set_id", "key", postgresql_where=text("key IS NOT NULL")),
        Index("ix_place_names_door", "set_id", "base", "door", postgresql_where=text("base IS NOT NULL")),
        Index("ix_place_names_like", "key", postgresql_using="gin", postgresql_ops={"key": "gin_trgm_ops"}),
    )


class PlacePair(Base):
    """One confirmation that an address means a point. The address is a keyed digest: nobody can read it from here."""

    __tablename__ = "place_pairs"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary())
    geom: Mapped[Any] = mapped_column(geometry("POINT"))
    confirmed_at: Mapped[datetime]

    __table_args__ = (Index("ix_place_pairs_digest", "digest", "confirmed_at"),)
