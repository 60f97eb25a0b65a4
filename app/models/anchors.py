"""The anchors that were written elsewhere, as the database remembers them."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class AnchorRow(Base):
    """One anchor: its root, without the steps. SELECT and INSERT only."""

    __tablename__ = "anchors"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    root: Mapped[str]
    previous: Mapped[str | None]
    chains: Mapped[int]
    steps: Mapped[int]
