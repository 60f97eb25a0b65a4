"""Let the history hold every action of the life of a case: amending, arbitration, parts, tasks, appeals.

Works with the release before it, which takes none of them.
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ADDED = (
    *("amend", "merge_case", "approve_answer", "request_arbitration", "arbitrate", "assign_sub", "return_sub"),
    *("report_up", "take_up", "hand_over", "appeal", "review_appeal"),
)
ACTIONS = (
    *("receive", "supplement", "request_verification", "verify", "accept", "file", "accept_file_dispatch", "reject"),
    *("answer", "forward", "merge", "unmerge", "withdraw", "self_dispose", "evaluate", "reply", "dispatch", "recall"),
    *("sign", "contact", "request_return", "request_extension", "request_suspension", "grant", "refuse", "resume"),
    *("dispose", "send_check", "check", "desk_check", "call_back", "close", "void", "reopen", "urge", "note", "tag"),
    "relocate",
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _allow((*ACTIONS, *ADDED))


def _allow(actions: tuple[str, ...], *, validated: bool = True) -> None:
    """Name the actions that the history may hold; rows that are there are read once."""
    values = ", ".join(f"'{action}'" for action in actions)
    op.execute("ALTER TABLE history DROP CONSTRAINT ck_history_action")
    unchecked = "" if validated else " NOT VALID"
    op.execute(f"ALTER TABLE history ADD CONSTRAINT ck_history_action CHECK (action IN ({values})){unchecked}")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _allow(ACTIONS, validated=False)  # steps of this release stay in the history: nothing there is ever removed
