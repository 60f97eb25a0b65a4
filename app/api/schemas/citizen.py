"""What citizens ask and are told."""

from typing import Self

from pydantic import Field

from app.api.schemas.base import Answer, Body, Instant
from app.dispatch import commands
from app.services.citizens import PublicReport

LONGEST_OPINION = 1_000


class StepOut(Answer):
    """One line of the public timeline."""

    at: Instant = Field(description="When", examples=["2026-03-02T09:00:00+08:00"])
    code: str = Field(description="What happened", examples=["dispatched"])
    text: str = Field(description="The same in Chinese", examples=["已派处置单位"])
    reason_code: str | None = Field(description="Why it waits or ended so", examples=[None])


class PublicReportOut(Answer):
    """A report as its reporter sees it."""

    receipt_no: str = Field(description="The receipt", examples=["7KQ2M9X4TBHW3C"])
    state: str = Field(description="Where the report stands", examples=["filed"])
    received_at: Instant = Field(description="When it came")
    answer_due_at: Instant | None = Field(description="When an answer is due", examples=[None])
    public_answer: str | None = Field(description="The answer", examples=["已清理"])
    timeline: list[StepOut] = Field(description="What happened, in order")

    @classmethod
    def of(cls, seen: PublicReport) -> Self:
        """Render what the public may know."""
        report = seen.report
        answers = [case.public_answer for case in seen.cases if case.public_answer and case.closed_at]
        return cls(
            receipt_no=report.receipt_no,
            state=report.state,
            received_at=report.received_at,
            answer_due_at=report.answer_due_at,
            public_answer=report.public_answer or "\n".join(answers) or None,
            timeline=[StepOut.model_validate(step) for step in seen.timeline],
        )


class EvaluationIn(Body):
    """What came of it, in the reporter's view."""

    solved: bool | None = Field(default=None, description="Whether it is solved", examples=[True])
    satisfaction: int = Field(ge=1, le=5, description="1 to 5", examples=[5])
    comment: str | None = Field(default=None, max_length=LONGEST_OPINION, description="In own words", examples=["很快"])

    def to_command(self) -> commands.Evaluate:
        """Return what is wanted."""
        return commands.Evaluate(solved=self.solved, satisfaction=self.satisfaction, opinion=self.comment)
