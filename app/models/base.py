"""What every table shares: naming of constraints, the one SRID, and the column types."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from geoalchemy2 import Geography, Geometry
from sqlalchemy import DateTime, Enum, MetaData
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import Text, Uuid

SRID = 4490
"""CGCS2000 geographic, the one reference system that is stored."""

NAMING = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}


class Base(DeclarativeBase):
    """Every table: text for strings, aware timestamps, JSONB for mappings, named constraints."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text(),
        UUID: Uuid(),
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB(),
        list[Any]: JSONB(),
        list[str]: ARRAY(Text()),
    }


def coded(enum: type[StrEnum], name: str) -> Enum:
    """Return the column type of a code: text with a CHECK over the values, never a database type of its own."""
    return Enum(
        enum,
        native_enum=False,
        create_constraint=True,
        values_callable=lambda members: [member.value for member in members],
        name=name,
        length=40,
    )


def geometry(kind: str) -> Geometry:
    """Return a geometry column type in the stored system; its index is declared by the table, by name."""
    return Geometry(kind, srid=SRID, spatial_index=False)


def point_geography() -> Geography:
    """Return the geography a metre query needs, generated from `geom` and indexed on exactly this expression."""
    return Geography("POINT", srid=SRID, spatial_index=False)
