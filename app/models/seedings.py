"""Work that is done once in a city's life: begun, and finished or not."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class Seeding(Base):
    """What a first start fills the city with; without `finished_at` it was interrupted, or is still under way."""

    __tablename__ = "seedings"

    name: Mapped[str] = mapped_column(primary_key=True)
    began_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
