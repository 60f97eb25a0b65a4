"""Keep named places with an index of their names, and what operators confirmed an address to mean.

Works with the release before it, which knows none of these tables.
"""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SRID = 4490
GRANTS = {
    "places": "SELECT, INSERT",
    "place_names": "SELECT, INSERT",
    # a confirmation is never changed: what is believed follows from all of them
    "place_pairs": "SELECT, INSERT",
}


def _app_role() -> str:
    """Return the city's app role; its name follows the schema's (a city is a schema and a pair of roles)."""
    schema = op.get_bind().scalar(sa.text("SELECT current_schema()"))
    return f'"{schema}_app"'


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _places()
    _place_names()
    _place_pairs()
    app = _app_role()
    for table, rights in GRANTS.items():
        op.execute(f"GRANT {rights} ON {table} TO {app}")


def _places() -> None:
    op.create_table(
        "places",
        sa.Column("set_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("aliases", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("geom", Geometry("GEOMETRY", srid=SRID, spatial_index=False), nullable=False),
        sa.ForeignKeyConstraint(["set_id"], ["sets.id"], name=op.f("fk_places_set_id")),
        sa.PrimaryKeyConstraint("set_id", "number", name=op.f("pk_places")),
    )
    op.create_index("ix_places_geom", "places", ["geom"], postgresql_using="gist")


def _place_names() -> None:
    op.create_table(
        "place_names",
        sa.Column("set_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("entry", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("alias", sa.Boolean(), nullable=False),
        sa.Column("base", sa.Text(), nullable=True),
        sa.Column("door", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["set_id", "number"], ["places.set_id", "places.number"], name=op.f("fk_place_names_set_id")
        ),
        sa.PrimaryKeyConstraint("set_id", "number", "entry", name=op.f("pk_place_names")),
    )
    op.create_index("ix_place_names_key", "place_names", ["set_id", "key"], postgresql_where=sa.text("key IS NOT NULL"))
    op.create_index(
        "ix_place_names_door", "place_names", ["set_id", "base", "door"], postgresql_where=sa.text("base IS NOT NULL")
    )
    op.create_index(
        "ix_place_names_like", "place_names", ["key"], postgresql_using="gin", postgresql_ops={"key": "gin_trgm_ops"}
    )


def _place_pairs() -> None:
    op.create_table(
        "place_pairs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("geom", Geometry("POINT", srid=SRID, spatial_index=False), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_place_pairs")),
    )
    op.create_index("ix_place_pairs_digest", "place_pairs", ["digest", "confirmed_at"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("place_pairs")
    op.drop_table("place_names")
    op.drop_table("places")
