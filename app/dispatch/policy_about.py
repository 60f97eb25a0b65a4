"""What a question about policies is about: taken from a report or a case as it is at that moment."""

from app.dispatch.book import Book
from app.dispatch.case_life import CaseLife
from app.dispatch.catalogue import Category
from app.dispatch.codes import Attention, Source
from app.dispatch.policy_book import About
from app.dispatch.report_life import ReportLife

_NOT_OURS = frozenset({Attention.OLD_CATEGORY, Attention.UNKNOWN_CATEGORY, Attention.NO_CATEGORY})
"""What such a report says of its category are digits of another edition, or of none."""


def about_case(life: CaseLife, book: Book) -> About:
    """Return what policies go by for a case; digits of an older edition name no category of the one in force."""
    ours = life.catalogue == book.catalogue.edition
    category = book.catalogue.find(life.kind, life.category) if ours else None
    return about(category, life.source, life.desk, life.unit_code, book)


def about_report(life: ReportLife, book: Book) -> About:
    """Return what policies go by for a report; its unit is the one that is proposed."""
    ours = not life.attention & _NOT_OURS
    category = book.catalogue.find(life.kind, life.category) if ours else None
    return about(category, life.source, life.desk, life.unit_code, book)


def about(category: Category | None, source: Source, desk: str, unit_code: str | None, book: Book) -> About:
    """Return what policies go by, once everything is known that they may name."""
    return About(
        kind=category.kind if category else None,
        major=category.major if category else None,
        minor=category.minor if category else None,
        source=source,
        desk=desk,
        units=book.units_above(unit_code) if unit_code else (),
    )
