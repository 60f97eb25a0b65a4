"""Every table of a city, the grants of its app role, and the guards of the history.

Works with the release before it: add, backfill in batches, enforce in a later step.
"""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geography, Geometry
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

READ_ADD = "SELECT, INSERT"
READ_ADD_CHANGE = "SELECT, INSERT, UPDATE"
ALL = "SELECT, INSERT, UPDATE, DELETE"

GRANTS = {
    # what was done and seen is never edited; erasure of texts is the owner's (retention)
    "history": READ_ADD,
    "history_texts": READ_ADD,
    "looks": READ_ADD,
    # rows of a set never change; the set's own row carries its state
    **dict.fromkeys(
        (
            "areas",
            "cells",
            "zones",
            "zone_takes",
            "components",
            "units",
            "rules",
            "beats",
            "catalogue",
            "calendar_days",
        ),
        READ_ADD,
    ),
    **dict.fromkeys(
        (
            "sets",
            "book_version",
            "accounts",
            "partners",
            "reports",
            "vault",
            "media",
            "media_uses",
            "cases",
            "case_reports",
            "legs",
            "requests",
            "round_facts",
            "report_facts",
            "timers",
            "outbox",
            "outbox_lanes",
        ),
        READ_ADD_CHANGE,
    ),
    # short-lived by nature
    **dict.fromkeys(("appointments", "refresh_tokens", "inbox", "idempotency_keys", "receipt_tries"), ALL),
}

GUARDED = ("history", "looks")


def _app_role() -> str:
    """Return the city's app role; its name follows the schema's (a city is a schema and a pair of roles)."""
    schema = op.get_bind().scalar(sa.text("SELECT current_schema()"))
    return f'"{schema}_app"'


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "accounts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("failed_sign_ins", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("username", name=op.f("uq_accounts_username")),
    )
    op.create_table(
        "book_version",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_book_version_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_book_version")),
    )
    op.create_table(
        "history",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column(
            "action",
            sa.Enum(
                "receive",
                "supplement",
                "request_verification",
                "verify",
                "accept",
                "file",
                "accept_file_dispatch",
                "reject",
                "answer",
                "forward",
                "merge",
                "unmerge",
                "withdraw",
                "self_dispose",
                "evaluate",
                "reply",
                "dispatch",
                "recall",
                "sign",
                "contact",
                "request_return",
                "request_extension",
                "request_suspension",
                "grant",
                "refuse",
                "resume",
                "dispose",
                "send_check",
                "check",
                "desk_check",
                "call_back",
                "close",
                "void",
                "reopen",
                "urge",
                "note",
                "tag",
                name="action",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("from_state", sa.Text(), nullable=True),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column(
            "post",
            sa.Enum(
                "inspector",
                "operator",
                "shift_lead",
                "dispatcher",
                "unit",
                "unit_lead",
                "coordinator",
                "supervisor",
                "admin",
                "data_officer",
                "partner",
                "citizen",
                "policy",
                name="post",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("on_behalf_of", sa.Text(), nullable=True),
        sa.Column("policy", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.CheckConstraint("subject IN ('report', 'case')", name=op.f("ck_history_subject")),
        sa.CheckConstraint("number > 0", name=op.f("ck_history_number")),
        sa.PrimaryKeyConstraint("subject_id", "number", name=op.f("pk_history")),
    )
    op.create_index("ix_history_recorded_at", "history", ["recorded_at"], unique=False)
    op.create_table(
        "history_texts",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("subject_id", "number", "field", name=op.f("pk_history_texts")),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("body_digest", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("scope", "route", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index("ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"], unique=False)
    op.create_table(
        "inbox",
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("event_key", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("body_digest", sa.LargeBinary(), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("partner_id", "event_key", name=op.f("pk_inbox")),
    )
    op.create_index("ix_inbox_received_at", "inbox", ["received_at"], unique=False)
    op.create_table(
        "looks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_looks")),
    )
    op.create_index("ix_looks_account_id", "looks", ["account_id", "at"], unique=False)
    op.create_index("ix_looks_subject_id", "looks", ["subject_id"], unique=False)
    op.create_table(
        "media_uses",
        sa.Column("media_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("media_id", "subject_id", "number", name=op.f("pk_media_uses")),
    )
    op.create_index("ix_media_uses_subject_id", "media_uses", ["subject_id"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("parked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index(
        "ix_outbox_waiting",
        "outbox",
        ["lane", "id"],
        unique=False,
        postgresql_where=sa.text("sent_at IS NULL AND parked_at IS NULL"),
    )
    op.create_table(
        "outbox_lanes",
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("lane", name=op.f("pk_outbox_lanes")),
    )
    op.create_index(
        "ix_outbox_lanes_next_at",
        "outbox_lanes",
        ["next_at"],
        unique=False,
        postgresql_where=sa.text("next_at IS NOT NULL"),
    )
    op.create_table(
        "partners",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("dialect", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("callback_url", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partners")),
        sa.UniqueConstraint("code", name=op.f("uq_partners_code")),
    )
    op.create_table(
        "receipt_tries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt_tries")),
    )
    op.create_index("ix_receipt_tries_at", "receipt_tries", ["at"], unique=False)
    op.create_index("ix_receipt_tries_digest", "receipt_tries", ["digest", "at"], unique=False)
    op.create_table(
        "report_facts",
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("first_recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("campaign", sa.Text(), nullable=True),
        sa.Column("desk", sa.Text(), nullable=False),
        sa.Column("district", sa.Text(), nullable=True),
        sa.Column("street", sa.Text(), nullable=True),
        sa.Column("community", sa.Text(), nullable=True),
        sa.Column("cell_code", sa.Text(), nullable=True),
        sa.Column("beat_code", sa.Text(), nullable=True),
        sa.Column("unit_code", sa.Text(), nullable=True),
        sa.Column("inspector_id", sa.Uuid(), nullable=True),
        sa.Column("operator_id", sa.Uuid(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rejected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("merged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("self_disposed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("taken_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("called_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opinion_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("valid", sa.Boolean(), nullable=False),
        sa.Column("answered_on_time", sa.Boolean(), nullable=False),
        sa.Column("satisfied", sa.Boolean(), nullable=False),
        sa.Column("solved", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_report_facts")),
    )
    op.create_index(
        "ix_report_facts_accepted_at",
        "report_facts",
        ["accepted_at"],
        unique=False,
        postgresql_where=sa.text("accepted_at IS NOT NULL"),
    )
    op.create_index(
        "ix_report_facts_answer_due_at",
        "report_facts",
        ["answer_due_at"],
        unique=False,
        postgresql_where=sa.text("answer_due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_report_facts_answered_at",
        "report_facts",
        ["answered_at"],
        unique=False,
        postgresql_where=sa.text("answered_at IS NOT NULL"),
    )
    op.create_index(
        "ix_report_facts_called_back_at",
        "report_facts",
        ["called_back_at"],
        unique=False,
        postgresql_where=sa.text("called_back_at IS NOT NULL"),
    )
    op.create_index("ix_report_facts_last_recorded_at", "report_facts", ["last_recorded_at"], unique=False)
    op.create_index(
        "ix_report_facts_merged_at",
        "report_facts",
        ["merged_at"],
        unique=False,
        postgresql_where=sa.text("merged_at IS NOT NULL"),
    )
    op.create_index(
        "ix_report_facts_opinion_at",
        "report_facts",
        ["opinion_at"],
        unique=False,
        postgresql_where=sa.text("opinion_at IS NOT NULL"),
    )
    op.create_index("ix_report_facts_received_at", "report_facts", ["received_at"], unique=False)
    op.create_index(
        "ix_report_facts_rejected_at",
        "report_facts",
        ["rejected_at"],
        unique=False,
        postgresql_where=sa.text("rejected_at IS NOT NULL"),
    )
    op.create_index(
        "ix_report_facts_self_disposed_at",
        "report_facts",
        ["self_disposed_at"],
        unique=False,
        postgresql_where=sa.text("self_disposed_at IS NOT NULL"),
    )
    op.create_index(
        "ix_report_facts_taken_up_at",
        "report_facts",
        ["taken_up_at"],
        unique=False,
        postgresql_where=sa.text("taken_up_at IS NOT NULL"),
    )
    op.create_table(
        "round_facts",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("first_recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("condition", sa.Integer(), nullable=False),
        sa.Column("handling", sa.Text(), nullable=False),
        sa.Column("campaign", sa.Text(), nullable=True),
        sa.Column("desk", sa.Text(), nullable=False),
        sa.Column("district", sa.Text(), nullable=True),
        sa.Column("street", sa.Text(), nullable=True),
        sa.Column("community", sa.Text(), nullable=True),
        sa.Column("cell_code", sa.Text(), nullable=True),
        sa.Column("beat_code", sa.Text(), nullable=True),
        sa.Column("unit_code", sa.Text(), nullable=True),
        sa.Column("inspector_id", sa.Uuid(), nullable=True),
        sa.Column("operator_id", sa.Uuid(), nullable=True),
        sa.Column("dispatcher_id", sa.Uuid(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reopened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_dispatch_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("case_to_close_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("leg_to_close_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("standing_disposed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("case_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("leg_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_kind", sa.Text(), nullable=True),
        sa.Column("ordinary", sa.Boolean(), nullable=False),
        sa.Column("counted", sa.Boolean(), nullable=False),
        sa.Column("dispatched", sa.Boolean(), nullable=False),
        sa.Column("disposed", sa.Boolean(), nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("case_on_time", sa.Boolean(), nullable=False),
        sa.Column("leg_on_time", sa.Boolean(), nullable=False),
        sa.Column("accurate", sa.Boolean(), nullable=False),
        sa.Column("recurrent", sa.Boolean(), nullable=False),
        sa.Column("reworks", sa.Integer(), nullable=False),
        sa.Column("extensions", sa.Integer(), nullable=False),
        sa.Column("suspensions", sa.Integer(), nullable=False),
        sa.Column("returns", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "round", name=op.f("pk_round_facts")),
    )
    op.create_index("ix_round_facts_case_to_close_at", "round_facts", ["case_to_close_at"], unique=False)
    op.create_index(
        "ix_round_facts_filed_at",
        "round_facts",
        ["filed_at"],
        unique=False,
        postgresql_where=sa.text("filed_at IS NOT NULL"),
    )
    op.create_index("ix_round_facts_first_dispatch_at", "round_facts", ["first_dispatch_at"], unique=False)
    op.create_index("ix_round_facts_last_recorded_at", "round_facts", ["last_recorded_at"], unique=False)
    op.create_index("ix_round_facts_leg_to_close_at", "round_facts", ["leg_to_close_at"], unique=False)
    op.create_index(
        "ix_round_facts_reopened_at",
        "round_facts",
        ["reopened_at"],
        unique=False,
        postgresql_where=sa.text("reopened_at IS NOT NULL"),
    )
    op.create_index("ix_round_facts_standing_disposed_at", "round_facts", ["standing_disposed_at"], unique=False)
    op.create_index("ix_round_facts_started_at", "round_facts", ["started_at"], unique=False)
    op.create_table(
        "sets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "areas",
                "cells",
                "zones",
                "places",
                "components",
                "units",
                "rules",
                "catalogue",
                "calendar",
                "beats",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "scheduled",
                "active",
                "superseded",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("valid", sa.Boolean(), nullable=False),
        sa.Column("findings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("traits", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("active_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("active_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sets")),
        sa.UniqueConstraint("kind", "version", name=op.f("uq_sets_kind_version")),
    )
    op.create_index(
        "ix_sets_active",
        "sets",
        ["kind", "active_from"],
        unique=False,
        postgresql_where=sa.text("active_from IS NOT NULL"),
    )
    op.create_table(
        "timers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timers")),
    )
    op.create_index(
        "ix_timers_due_at", "timers", ["due_at", "id"], unique=False, postgresql_where=sa.text("done_at IS NULL")
    )
    op.create_index("ix_timers_subject_id", "timers", ["subject_id"], unique=False)
    op.create_table(
        "appointments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column(
            "post",
            sa.Enum(
                "inspector",
                "operator",
                "shift_lead",
                "dispatcher",
                "unit",
                "unit_lead",
                "coordinator",
                "supervisor",
                "admin",
                "data_officer",
                "partner",
                "citizen",
                "policy",
                name="post",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("desk", sa.Text(), nullable=False),
        sa.Column("region_code", sa.Text(), nullable=True),
        sa.Column("unit_code", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_appointments_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointments")),
        sa.UniqueConstraint(
            "account_id",
            "post",
            "desk",
            "region_code",
            "unit_code",
            name=op.f("uq_appointments_account_id_post_desk_region_code_unit_code"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index("ix_appointments_account_id", "appointments", ["account_id"], unique=False)
    op.create_geospatial_table(
        "areas",
        sa.Column("set_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "level",
            sa.Enum(
                "district", "street", "community", name="level", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("parent_code", sa.Text(), nullable=True),
        sa.Column(
            "geom",
            Geometry(
                geometry_type="MULTIPOLYGON",
                srid=4490,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["set_id"], ["sets.id"], name=op.f("fk_areas_set_id")),
        sa.PrimaryKeyConstraint("set_id", "code", name=op.f("pk_areas")),
    )
    op.create_geospatial_index(
        "ix_areas_geom", "areas", ["geom"], unique=False, postgresql_using="gist", postgresql_ops={}
    )
    op.create_table(
        "beats",
        sa.Column("set_id", sa.Uuid(), nullable=False),
        sa.Column("cell_code", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["set_id"], ["sets.id"], name=op.f("fk_beats_set_id")),
        sa.PrimaryKeyConstraint("set_id", "cell_code", name=op.f("pk_beats")),
    )
    op.create_table(
        "calendar_days",
        sa.Column("set_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("working", sa.Boolean(), nullable=False),
        sa.Column("slots", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.ForeignKeyConstraint(["set_id"], ["sets.id"], name=op.f("fk_calendar_days_set_id")),
        sa.PrimaryKeyConstraint("set_id", "day", name=op.f("pk_calendar_days")),
    )
    op.create_geospatial_table(
        "cases",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_no", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "filed",
                "dispatched",
                "suspended",
                "disposed",
                "checking",
                "checked",
                "closed",
                "voided",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column(
            "source",
            sa.Enum(
                "inspector",
                "hotline_12345",
                "hotline_12319",
                "citizen",
                "walk_in",
                "leader",
                "superior_platform",
                "district",
                "media",
                "petition",
                "forum",
                "video",
                "vehicle",
                "sensor",
                "census",
                "unit_self",
                "enforcement",
                "deputies",
                name="source",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "handling",
            sa.Enum(
                "ordinary",
                "simple",
                "self_found",
                name="handling",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "kind",
            sa.Enum("component", "event", name="kind", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("condition", sa.Integer(), nullable=False),
        sa.Column("catalogue", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("component_code", sa.Text(), nullable=True),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("campaign", sa.Text(), nullable=True),
        sa.Column("attention", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("flags", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column(
            "geom",
            Geometry(
                geometry_type="POINT",
                srid=4490,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            nullable=True,
        ),
        sa.Column(
            "geog",
            Geography(
                geometry_type="POINT",
                srid=4490,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeogFromText",
                name="geography",
            ),
            sa.Computed("geom::geography", persisted=True),
            nullable=True,
        ),
        sa.Column("cell_code", sa.Text(), nullable=True),
        sa.Column("beat_code", sa.Text(), nullable=True),
        sa.Column("community", sa.Text(), nullable=True),
        sa.Column("street", sa.Text(), nullable=True),
        sa.Column("district", sa.Text(), nullable=True),
        sa.Column("zones", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("routing", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("desk", sa.Text(), nullable=False),
        sa.Column("unit_code", sa.Text(), nullable=True),
        sa.Column("unit_codes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("inspector_id", sa.Uuid(), nullable=True),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dispatched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("case_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("case_yellow_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("leg_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("leg_yellow_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("disposed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "end_kind",
            sa.Enum(
                "solved",
                "explained",
                "gone",
                "transferred_to_enforcement",
                "problem_bank",
                "out_of_scope",
                "withdrawn",
                "merged",
                name="end_kind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("public_answer", sa.Text(), nullable=True),
        sa.Column("urges", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["accounts.id"], name=op.f("fk_cases_author_id")),
        sa.ForeignKeyConstraint(["inspector_id"], ["accounts.id"], name=op.f("fk_cases_inspector_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
        sa.UniqueConstraint("case_no", name=op.f("uq_cases_case_no")),
    )
    op.create_index(
        "ix_cases_address",
        "cases",
        ["address"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"address": "gin_trgm_ops"},
    )
    op.create_index(
        "ix_cases_author_id", "cases", ["author_id"], unique=False, postgresql_where=sa.text("author_id IS NOT NULL")
    )
    op.create_index("ix_cases_beat_code", "cases", ["beat_code", "filed_at", "id"], unique=False)
    op.create_index(
        "ix_cases_campaign",
        "cases",
        ["campaign", "filed_at", "id"],
        unique=False,
        postgresql_where=sa.text("campaign IS NOT NULL"),
    )
    op.create_index("ix_cases_case_due_at", "cases", ["case_due_at", "id"], unique=False)
    op.create_index("ix_cases_category", "cases", ["category", "state"], unique=False)
    op.create_index("ix_cases_cell_code", "cases", ["cell_code", "filed_at", "id"], unique=False)
    op.create_index(
        "ix_cases_closed_at", "cases", ["closed_at"], unique=False, postgresql_where=sa.text("closed_at IS NOT NULL")
    )
    op.create_index(
        "ix_cases_description",
        "cases",
        ["description"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"description": "gin_trgm_ops"},
    )
    op.create_index("ix_cases_filed_at", "cases", ["filed_at", "id"], unique=False)
    op.create_index("ix_cases_flags", "cases", ["flags"], unique=False, postgresql_using="gin")
    op.create_geospatial_index(
        "ix_cases_geog", "cases", ["geog"], unique=False, postgresql_using="gist", postgresql_ops={}
    )
    op.create_geospatial_index(
        "ix_cases_geom", "cases", ["geom"], unique=False, postgresql_using="gist", postgresql_ops={}
    )
    op.create_index(
        "ix_cases_inspector_id",
        "cases",
        ["inspector_id"],
        unique=False,
        postgresql_where=sa.text("inspector_id IS NOT NULL"),
    )
    op.create_index("ix_cases_leg_due_at", "cases", ["leg_due_at", "id"], unique=False)
    op.create_index("ix_cases_state", "cases", ["state", "filed_at", "id"], unique=False)
    op.create_index("ix_cases_street", "cases", ["street", "filed_at"], unique=False)
    op.create_index("ix_cases_tags", "cases", ["tags"], unique=False, postgresql_using="gin")
    op.create_index("ix_cases_unit_code", "cases", ["unit_code", "filed_at", "id"], unique=False)
    op.create_index("ix_cases_unit_codes", "cases", ["unit_codes"], unique=False, postgresql_using="gin")
    op.create_index("ix_cases_updated_at", "cases", ["updated_at", "id"], unique=False)
    op.create_index("ix_cases_zones", "cases", ["zones"], unique=False, postgresql_using="gin")
    op.create_table(
        "catalogue",
        sa.Column("set_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("component", "event", name="kind", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("major_code", sa.Text(), nullable=False),
        sa.Column("minor_code", sa.Text(), nullable=False),
        sa.Column("condition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("major_name", sa.Text(), nullable=False),
        sa.Column("minor_name", sa.Text(), nullable=False),
        sa.Column("filing_condition", sa.Text(), nullable=False),
        sa.Column("limit_value", sa.Numeric(), nullable=False),
        sa.Column(
            "limit_unit",
            sa.Enum(
                "minute",
                "continuous_hour",
                "continuous_day",
                "work_hour",
                "work_day",
                name="limit_unit",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("closing_condition", sa.Text(), nullable=False),
        sa.Column("limit_source", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["set_id"], ["sets.id"], name=op.f("fk_catalogue_set_id")),
        sa.PrimaryKeyConstraint("set_id", "kind", "major_code", "minor_code", "condition", name=op.f("pk_catalogue")),
    )
    op.create_geospatial_table(
        "cells",
        sa.Column("set_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column(
            "geom",
            Geometry(
                geometry_type="MULTIPOLYGON",
                srid=4490,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["set_id"], ["sets.id"], name=op.f("fk_cells_set_id")),
        sa.PrimaryKeyConstraint("set_id", "code", name=op.f("pk_cells")),
    )
    op.create_geospatial_index(
        "ix_cells_geom", "cells", ["geom"], unique=False, postgresql_using="gist", postgresql_ops={}
    )
    op.create_geospatial_table(
        "components",
        sa.Column("set_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("competent_unit", sa.Text(), nullable=True),
        sa.Column("owner_unit", sa.Text(), nullable=True),
        sa.Column("maintainer_unit", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column(
            "geom",
            Geometry(
                geometry_type="POINT",
                srid=4490,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column(
            "geog",
            Geography(
                geometry_type="POINT",
                srid=4490,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeogFromText",
                name="geography",
                nullable=False,
            ),
            sa.Computed("geom::geography", persisted=True),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["set_id"], ["sets.id"], name=op.f("fk_components_set_id")),
        sa.PrimaryKeyConstraint("set_id", "code", name=op.f("pk_components")),
    )
    op.create_geospatial_index(
        "ix_components_geog", "components", ["geog"], unique=False, postgresql_using="gist", postgresql_ops={}
    )
    op.create_geospatial_index(
        "ix_components_geom", "components", ["geom"], unique=False, postgresql_using="gist", postgresql_ops={}
    )
    op.create_table(
        "media",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("object_key", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("mime", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("taken_lon", sa.Double(), nullable=True),
        sa.Column("taken_lat", sa.Double(), nullable=True),
        sa.Column("flags", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_media_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media")),
    )
    op.create_index("ix_media_sha256", "media", ["sha256"], unique=False)
    op.create_table(
        "refresh_tokens",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("family", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_refresh_tokens_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refresh_tokens")),
        sa.UniqueConstraint("digest", name=op.f("uq_refresh_tokens_digest")),
    )
    op.create_index("ix_refresh_tokens_family", "refresh_tokens", ["family"], unique=False)
    op.create_geospatial_table(
        "reports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("receipt_no", sa.Text(), nullable=False),
        sa.Column("query_digest", sa.LargeBinary(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "received",
                "verifying",
                "accepted",
                "filed",
                "merged",
                "answered",
                "forwarded",
                "rejected",
                "withdrawn",
                "self_disposed",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "source",
            sa.Enum(
                "inspector",
                "hotline_12345",
                "hotline_12319",
                "citizen",
                "walk_in",
                "leader",
                "superior_platform",
                "district",
                "media",
                "petition",
                "forum",
                "video",
                "vehicle",
                "sensor",
                "census",
                "unit_self",
                "enforcement",
                "deputies",
                name="source",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "kind",
            sa.Enum("component", "event", name="kind", native_enum=False, create_constraint=True, length=40),
            nullable=True,
        ),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("condition", sa.Integer(), nullable=True),
        sa.Column("catalogue", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("component_code", sa.Text(), nullable=True),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("campaign", sa.Text(), nullable=True),
        sa.Column("attention", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("datum", sa.Text(), nullable=True),
        sa.Column("raw_lon", sa.Double(), nullable=True),
        sa.Column("raw_lat", sa.Double(), nullable=True),
        sa.Column("accuracy_m", sa.Double(), nullable=True),
        sa.Column("located_from", sa.Text(), nullable=True),
        sa.Column(
            "geom",
            Geometry(
                geometry_type="POINT",
                srid=4490,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            nullable=True,
        ),
        sa.Column(
            "geog",
            Geography(
                geometry_type="POINT",
                srid=4490,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeogFromText",
                name="geography",
            ),
            sa.Computed("geom::geography", persisted=True),
            nullable=True,
        ),
        sa.Column("cell_code", sa.Text(), nullable=True),
        sa.Column("beat_code", sa.Text(), nullable=True),
        sa.Column("community", sa.Text(), nullable=True),
        sa.Column("street", sa.Text(), nullable=True),
        sa.Column("district", sa.Text(), nullable=True),
        sa.Column("zones", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("routing", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("duplicates", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "contact",
            sa.Enum(
                "confidential",
                "via_desk",
                "relay",
                name="contact",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("anonymous", sa.Boolean(), nullable=False),
        sa.Column("public_answer", sa.Text(), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("answer_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("verifier_id", sa.Uuid(), nullable=True),
        sa.Column("partner_id", sa.Uuid(), nullable=True),
        sa.Column("order_no", sa.Text(), nullable=True),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("body_digest", sa.LargeBinary(), nullable=True),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_reports_account_id")),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_reports_partner_id")),
        sa.ForeignKeyConstraint(["verifier_id"], ["accounts.id"], name=op.f("fk_reports_verifier_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports")),
        sa.UniqueConstraint("client_id", name=op.f("uq_reports_client_id")),
        sa.UniqueConstraint("receipt_no", name=op.f("uq_reports_receipt_no")),
    )
    op.create_index("ix_reports_account_id", "reports", ["account_id", "received_at"], unique=False)
    op.create_index("ix_reports_attention", "reports", ["attention"], unique=False, postgresql_using="gin")
    op.create_geospatial_index(
        "ix_reports_geog", "reports", ["geog"], unique=False, postgresql_using="gist", postgresql_ops={}
    )
    op.create_index("ix_reports_order_no", "reports", ["partner_id", "order_no"], unique=False)
    op.create_index("ix_reports_received_at", "reports", ["received_at", "id"], unique=False)
    op.create_index("ix_reports_state", "reports", ["state", "received_at", "id"], unique=False)
    op.create_table(
        "rules",
        sa.Column("set_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("unit_code", sa.Text(), nullable=False),
        sa.Column(
            "scope",
            sa.Enum(
                "zone",
                "cell",
                "beat",
                "community",
                "street",
                "district",
                "city",
                name="scope",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("scope_code", sa.Text(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum("component", "event", name="kind", native_enum=False, create_constraint=True, length=40),
            nullable=True,
        ),
        sa.Column("major", sa.Text(), nullable=True),
        sa.Column("minor", sa.Text(), nullable=True),
        sa.Column("condition", sa.Integer(), nullable=True),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["set_id"], ["sets.id"], name=op.f("fk_rules_set_id")),
        sa.PrimaryKeyConstraint("set_id", "id", name=op.f("pk_rules")),
    )
    op.create_table(
        "units",
        sa.Column("set_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("parent_code", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("region_code", sa.Text(), nullable=True),
        sa.Column("fallback", sa.Boolean(), nullable=False),
        sa.Column("desk", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["set_id"], ["sets.id"], name=op.f("fk_units_set_id")),
        sa.PrimaryKeyConstraint("set_id", "code", name=op.f("pk_units")),
    )
    op.create_table(
        "zone_takes",
        sa.Column("set_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("zone_class", sa.Text(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("component", "event", name="kind", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("major", sa.Text(), nullable=True),
        sa.Column("minor", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["set_id"], ["sets.id"], name=op.f("fk_zone_takes_set_id")),
        sa.PrimaryKeyConstraint("set_id", "number", name=op.f("pk_zone_takes")),
    )
    op.create_geospatial_table(
        "zones",
        sa.Column("set_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("zone_class", sa.Text(), nullable=False),
        sa.Column("manager_unit", sa.Text(), nullable=True),
        sa.Column("grade", sa.Text(), nullable=True),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "geom",
            Geometry(
                geometry_type="MULTIPOLYGON",
                srid=4490,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["set_id"], ["sets.id"], name=op.f("fk_zones_set_id")),
        sa.PrimaryKeyConstraint("set_id", "code", name=op.f("pk_zones")),
    )
    op.create_geospatial_index(
        "ix_zones_geom", "zones", ["geom"], unique=False, postgresql_using="gist", postgresql_ops={}
    )
    op.create_table(
        "case_reports",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first", sa.Boolean(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_reports_case_id")),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_case_reports_report_id")),
        sa.PrimaryKeyConstraint("case_id", "report_id", "since", name=op.f("pk_case_reports")),
    )
    op.create_index("ix_case_reports_report_id", "case_reports", ["report_id"], unique=False)
    op.create_table(
        "legs",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "kind",
            sa.Enum("main", "assist", "sub", name="kind", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("unit_code", sa.Text(), nullable=False),
        sa.Column("dispatched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "end",
            sa.Enum(
                "disposed",
                "returned",
                "recalled",
                "overruled",
                "superseded",
                name="end",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("return_ruled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("return_granted", sa.Boolean(), nullable=True),
        sa.Column("first_recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_legs_case_id")),
        sa.PrimaryKeyConstraint("case_id", "round", "number", name=op.f("pk_legs")),
    )
    op.create_index(
        "ix_legs_return_ruled_at",
        "legs",
        ["return_ruled_at"],
        unique=False,
        postgresql_where=sa.text("return_ruled_at IS NOT NULL"),
    )
    op.create_index("ix_legs_unit_code", "legs", ["unit_code", "dispatched_at"], unique=False)
    op.create_table(
        "requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("leg", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "return",
                "extension",
                "suspension",
                "end",
                "arbitration",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "pending",
                "granted",
                "refused",
                "withdrawn",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("reason_code", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ruled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_requests_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requests")),
    )
    op.create_index("ix_requests_case_id", "requests", ["case_id"], unique=False)
    op.create_index(
        "ix_requests_pending", "requests", ["asked_at"], unique=False, postgresql_where=sa.text("state = 'pending'")
    )
    op.create_table(
        "vault",
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("search_digest", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "field IN ('name', 'phone', 'callback_phone', 'address', 'original_text', 'raw_payload', 'opinion')",
            name=op.f("ck_vault_field"),
        ),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_vault_report_id")),
        sa.PrimaryKeyConstraint("report_id", "field", "number", name=op.f("pk_vault")),
    )
    op.create_index(
        "ix_vault_search_digest",
        "vault",
        ["search_digest"],
        unique=False,
        postgresql_where=sa.text("search_digest IS NOT NULL"),
    )
    op.execute(sa.schema.CreateSequence(sa.Sequence("case_numbers")))
    op.execute(
        """
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          RAISE EXCEPTION '% on % is refused: it is append-only', TG_OP, TG_TABLE_NAME USING ERRCODE = '42501';
        END $$
        """
    )
    for table in GUARDED:
        op.execute(
            f"CREATE TRIGGER {table}_keeps_rows BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_keeps_all BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    app = _app_role()
    for table, rights in GRANTS.items():
        op.execute(f"GRANT {rights} ON {table} TO {app}")
    op.execute(f"GRANT SELECT ON alembic_version TO {app}")
    op.execute(f"GRANT USAGE ON SEQUENCE case_numbers TO {app}")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(sa.schema.DropSequence(sa.Sequence("case_numbers")))
    op.drop_index("ix_vault_search_digest", table_name="vault", postgresql_where=sa.text("search_digest IS NOT NULL"))
    op.drop_table("vault")
    op.drop_index("ix_requests_pending", table_name="requests", postgresql_where=sa.text("state = 'pending'"))
    op.drop_index("ix_requests_case_id", table_name="requests")
    op.drop_table("requests")
    op.drop_index("ix_legs_unit_code", table_name="legs")
    op.drop_index("ix_legs_return_ruled_at", table_name="legs", postgresql_where=sa.text("return_ruled_at IS NOT NULL"))
    op.drop_table("legs")
    op.drop_index("ix_case_reports_report_id", table_name="case_reports")
    op.drop_table("case_reports")
    op.drop_geospatial_index("ix_zones_geom", table_name="zones", postgresql_using="gist", column_name="geom")
    op.drop_geospatial_table("zones")
    op.drop_table("zone_takes")
    op.drop_table("units")
    op.drop_table("rules")
    op.drop_index("ix_reports_state", table_name="reports")
    op.drop_index("ix_reports_received_at", table_name="reports")
    op.drop_index("ix_reports_order_no", table_name="reports")
    op.drop_geospatial_index("ix_reports_geog", table_name="reports", postgresql_using="gist", column_name="geog")
    op.drop_index("ix_reports_attention", table_name="reports", postgresql_using="gin")
    op.drop_index("ix_reports_account_id", table_name="reports")
    op.drop_geospatial_table("reports")
    op.drop_index("ix_refresh_tokens_family", table_name="refresh_tokens")
    op.drop_table("refresh_tokens")
    op.drop_index("ix_media_sha256", table_name="media")
    op.drop_table("media")
    op.drop_geospatial_index("ix_components_geom", table_name="components", postgresql_using="gist", column_name="geom")
    op.drop_geospatial_index("ix_components_geog", table_name="components", postgresql_using="gist", column_name="geog")
    op.drop_geospatial_table("components")
    op.drop_geospatial_index("ix_cells_geom", table_name="cells", postgresql_using="gist", column_name="geom")
    op.drop_geospatial_table("cells")
    op.drop_table("catalogue")
    op.drop_index("ix_cases_zones", table_name="cases", postgresql_using="gin")
    op.drop_index("ix_cases_updated_at", table_name="cases")
    op.drop_index("ix_cases_unit_codes", table_name="cases", postgresql_using="gin")
    op.drop_index("ix_cases_unit_code", table_name="cases")
    op.drop_index("ix_cases_tags", table_name="cases", postgresql_using="gin")
    op.drop_index("ix_cases_street", table_name="cases")
    op.drop_index("ix_cases_state", table_name="cases")
    op.drop_index("ix_cases_leg_due_at", table_name="cases")
    op.drop_index("ix_cases_inspector_id", table_name="cases", postgresql_where=sa.text("inspector_id IS NOT NULL"))
    op.drop_geospatial_index("ix_cases_geom", table_name="cases", postgresql_using="gist", column_name="geom")
    op.drop_geospatial_index("ix_cases_geog", table_name="cases", postgresql_using="gist", column_name="geog")
    op.drop_index("ix_cases_flags", table_name="cases", postgresql_using="gin")
    op.drop_index("ix_cases_filed_at", table_name="cases")
    op.drop_index(
        "ix_cases_description",
        table_name="cases",
        postgresql_using="gin",
        postgresql_ops={"description": "gin_trgm_ops"},
    )
    op.drop_index("ix_cases_closed_at", table_name="cases", postgresql_where=sa.text("closed_at IS NOT NULL"))
    op.drop_index("ix_cases_cell_code", table_name="cases")
    op.drop_index("ix_cases_category", table_name="cases")
    op.drop_index("ix_cases_case_due_at", table_name="cases")
    op.drop_index("ix_cases_campaign", table_name="cases", postgresql_where=sa.text("campaign IS NOT NULL"))
    op.drop_index("ix_cases_beat_code", table_name="cases")
    op.drop_index("ix_cases_author_id", table_name="cases", postgresql_where=sa.text("author_id IS NOT NULL"))
    op.drop_index(
        "ix_cases_address", table_name="cases", postgresql_using="gin", postgresql_ops={"address": "gin_trgm_ops"}
    )
    op.drop_geospatial_table("cases")
    op.drop_table("calendar_days")
    op.drop_table("beats")
    op.drop_geospatial_index("ix_areas_geom", table_name="areas", postgresql_using="gist", column_name="geom")
    op.drop_geospatial_table("areas")
    op.drop_index("ix_appointments_account_id", table_name="appointments")
    op.drop_table("appointments")
    op.drop_index("ix_timers_subject_id", table_name="timers")
    op.drop_index("ix_timers_due_at", table_name="timers", postgresql_where=sa.text("done_at IS NULL"))
    op.drop_table("timers")
    op.drop_index("ix_sets_active", table_name="sets", postgresql_where=sa.text("active_from IS NOT NULL"))
    op.drop_table("sets")
    op.drop_index("ix_round_facts_started_at", table_name="round_facts")
    op.drop_index("ix_round_facts_standing_disposed_at", table_name="round_facts")
    op.drop_index(
        "ix_round_facts_reopened_at", table_name="round_facts", postgresql_where=sa.text("reopened_at IS NOT NULL")
    )
    op.drop_index("ix_round_facts_leg_to_close_at", table_name="round_facts")
    op.drop_index("ix_round_facts_last_recorded_at", table_name="round_facts")
    op.drop_index("ix_round_facts_first_dispatch_at", table_name="round_facts")
    op.drop_index("ix_round_facts_filed_at", table_name="round_facts", postgresql_where=sa.text("filed_at IS NOT NULL"))
    op.drop_index("ix_round_facts_case_to_close_at", table_name="round_facts")
    op.drop_table("round_facts")
    op.drop_index(
        "ix_report_facts_taken_up_at", table_name="report_facts", postgresql_where=sa.text("taken_up_at IS NOT NULL")
    )
    op.drop_index(
        "ix_report_facts_self_disposed_at",
        table_name="report_facts",
        postgresql_where=sa.text("self_disposed_at IS NOT NULL"),
    )
    op.drop_index(
        "ix_report_facts_rejected_at", table_name="report_facts", postgresql_where=sa.text("rejected_at IS NOT NULL")
    )
    op.drop_index("ix_report_facts_received_at", table_name="report_facts")
    op.drop_index(
        "ix_report_facts_opinion_at", table_name="report_facts", postgresql_where=sa.text("opinion_at IS NOT NULL")
    )
    op.drop_index(
        "ix_report_facts_merged_at", table_name="report_facts", postgresql_where=sa.text("merged_at IS NOT NULL")
    )
    op.drop_index("ix_report_facts_last_recorded_at", table_name="report_facts")
    op.drop_index(
        "ix_report_facts_called_back_at",
        table_name="report_facts",
        postgresql_where=sa.text("called_back_at IS NOT NULL"),
    )
    op.drop_index(
        "ix_report_facts_answered_at", table_name="report_facts", postgresql_where=sa.text("answered_at IS NOT NULL")
    )
    op.drop_index(
        "ix_report_facts_answer_due_at",
        table_name="report_facts",
        postgresql_where=sa.text("answer_due_at IS NOT NULL"),
    )
    op.drop_index(
        "ix_report_facts_accepted_at", table_name="report_facts", postgresql_where=sa.text("accepted_at IS NOT NULL")
    )
    op.drop_table("report_facts")
    op.drop_index("ix_receipt_tries_digest", table_name="receipt_tries")
    op.drop_index("ix_receipt_tries_at", table_name="receipt_tries")
    op.drop_table("receipt_tries")
    op.drop_table("partners")
    op.drop_index("ix_outbox_lanes_next_at", table_name="outbox_lanes", postgresql_where=sa.text("next_at IS NOT NULL"))
    op.drop_table("outbox_lanes")
    op.drop_index(
        "ix_outbox_waiting", table_name="outbox", postgresql_where=sa.text("sent_at IS NULL AND parked_at IS NULL")
    )
    op.drop_table("outbox")
    op.drop_index("ix_media_uses_subject_id", table_name="media_uses")
    op.drop_table("media_uses")
    op.drop_index("ix_looks_subject_id", table_name="looks")
    op.drop_index("ix_looks_account_id", table_name="looks")
    op.drop_table("looks")
    op.drop_index("ix_inbox_received_at", table_name="inbox")
    op.drop_table("inbox")
    op.drop_index("ix_idempotency_keys_created_at", table_name="idempotency_keys")
    op.drop_table("idempotency_keys")
    op.drop_table("history_texts")
    op.drop_index("ix_history_recorded_at", table_name="history")
    op.drop_table("history")
    op.drop_table("book_version")
    op.drop_table("accounts")
    op.execute("DROP FUNCTION refuse_change()")
