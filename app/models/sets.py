"""Master data in versioned sets: areas, cells, zones, components, units, rules, beats, catalogue, calendar."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.dispatch.codes import AreaLevel, Kind, LimitUnit, Scope
from app.dispatch.set_codes import SetKind, SetState
from app.models.base import Base, coded, geometry, point_geography


class BookVersion(Base):
    """The one row that names the version of all active sets; read inside every writing transaction."""

    __tablename__ = "book_version"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int]
    changed_at: Mapped[datetime]
    revision: Mapped[int] = mapped_column(server_default=text("0"))
    """Grows with everything that is decided, also with what is to come into force later."""
    next_at: Mapped[datetime | None]
    """When the next scheduled sets come into force."""

    __table_args__ = (CheckConstraint("id = 1", name="single"),)


class DataSet(Base):
    """A version of one kind of master data; rows of it never change after activation."""

    __tablename__ = "sets"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[SetKind] = mapped_column(coded(SetKind, "kind"))
    name: Mapped[str]
    version: Mapped[int]
    state: Mapped[SetState] = mapped_column(coded(SetState, "state"))
    valid: Mapped[bool]
    findings: Mapped[list[Any]]
    counts: Mapped[dict[str, Any]]
    traits: Mapped[dict[str, Any]]
    source: Mapped[str]
    active_from: Mapped[datetime | None]
    active_to: Mapped[datetime | None]
    created_at: Mapped[datetime]
    discarded_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("kind", "version"),
        Index("ix_sets_active", "kind", "active_from", postgresql_where=text("active_from IS NOT NULL")),
    )


def _set_id() -> Mapped[UUID]:
    return mapped_column(ForeignKey("sets.id"), primary_key=True)


class Area(Base):
    """A district, street or community."""

    __tablename__ = "areas"

    set_id: Mapped[UUID] = _set_id()
    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    level: Mapped[AreaLevel] = mapped_column(coded(AreaLevel, "level"))
    parent_code: Mapped[str | None]
    geom: Mapped[Any] = mapped_column(geometry("MULTIPOLYGON"))

    __table_args__ = (Index("ix_areas_geom", "geom", postgresql_using="gist"),)


class Cell(Base):
    """A unit grid cell."""

    __tablename__ = "cells"

    set_id: Mapped[UUID] = _set_id()
    code: Mapped[str] = mapped_column(primary_key=True)
    geom: Mapped[Any] = mapped_column(geometry("MULTIPOLYGON"))

    __table_args__ = (Index("ix_cells_geom", "geom", postgresql_using="gist"),)


class Zone(Base):
    """A stretch of land with one manager, finer than cells."""

    __tablename__ = "zones"

    set_id: Mapped[UUID] = _set_id()
    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    zone_class: Mapped[str]
    manager_unit: Mapped[str | None]
    grade: Mapped[str | None]
    valid_from: Mapped[datetime | None]
    valid_to: Mapped[datetime | None]
    geom: Mapped[Any] = mapped_column(geometry("MULTIPOLYGON"))

    __table_args__ = (Index("ix_zones_geom", "geom", postgresql_using="gist"),)


class ZoneTakes(Base):
    """A category that the manager of a zone class takes; comes with the zones, as house data."""

    __tablename__ = "zone_takes"

    set_id: Mapped[UUID] = _set_id()
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    zone_class: Mapped[str]
    kind: Mapped[Kind] = mapped_column(coded(Kind, "kind"))
    major: Mapped[str | None]
    minor: Mapped[str | None]


class Component(Base):
    """A fixed thing in the street, with who is competent for it, owns it and maintains it."""

    __tablename__ = "components"

    set_id: Mapped[UUID] = _set_id()
    code: Mapped[str] = mapped_column(primary_key=True)
    category: Mapped[str]
    name: Mapped[str]
    competent_unit: Mapped[str | None]
    owner_unit: Mapped[str | None]
    maintainer_unit: Mapped[str | None]
    state: Mapped[str]
    geom: Mapped[Any] = mapped_column(geometry("POINT"))
    geog: Mapped[Any] = mapped_column(point_geography(), Computed("geom::geography", persisted=True))

    __table_args__ = (
        Index("ix_components_geom", "geom", postgresql_using="gist"),
        Index("ix_components_geog", "geog", postgresql_using="gist"),
    )


class Unit(Base):
    """Who puts things right; units form a tree."""

    __tablename__ = "units"

    set_id: Mapped[UUID] = _set_id()
    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    parent_code: Mapped[str | None]
    kind: Mapped[str]
    region_code: Mapped[str | None]
    fallback: Mapped[bool]
    desk: Mapped[bool]


class Rule(Base):
    """Which unit is responsible for what, where."""

    __tablename__ = "rules"

    set_id: Mapped[UUID] = _set_id()
    id: Mapped[str] = mapped_column(primary_key=True)
    unit_code: Mapped[str]
    scope: Mapped[Scope] = mapped_column(coded(Scope, "scope"))
    scope_code: Mapped[str | None]
    kind: Mapped[Kind | None] = mapped_column(coded(Kind, "kind"))
    major: Mapped[str | None]
    minor: Mapped[str | None]
    condition: Mapped[int | None]
    valid_from: Mapped[datetime | None]
    valid_to: Mapped[datetime | None]


class BeatCell(Base):
    """A cell of an inspector's beat."""

    __tablename__ = "beats"

    set_id: Mapped[UUID] = _set_id()
    cell_code: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str]
    name: Mapped[str]


class Condition(Base):
    """One filing condition of a category, with its own limit."""

    __tablename__ = "catalogue"

    set_id: Mapped[UUID] = _set_id()
    kind: Mapped[Kind] = mapped_column(coded(Kind, "kind"), primary_key=True)
    major_code: Mapped[str] = mapped_column(primary_key=True)
    minor_code: Mapped[str] = mapped_column(primary_key=True)
    condition: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    major_name: Mapped[str]
    minor_name: Mapped[str]
    filing_condition: Mapped[str]
    limit_value: Mapped[Decimal]
    limit_unit: Mapped[LimitUnit] = mapped_column(coded(LimitUnit, "limit_unit"))
    closing_condition: Mapped[str]
    limit_source: Mapped[str]


class CalendarDay(Base):
    """A day that differs from the rule Monday to Friday: a holiday or a make-up day."""

    __tablename__ = "calendar_days"

    set_id: Mapped[UUID] = _set_id()
    day: Mapped[date] = mapped_column(primary_key=True)
    working: Mapped[bool]
    slots: Mapped[list[Any] | None]
