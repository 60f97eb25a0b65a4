"""The life of a report and of a case as tables written by hand, from the design and the contract, apart from the code.

A cell names the states that an action may lead to from the state of its column, each by its letter: `=` it stays, `.`
it is not possible.
`who` names the posts; `desk` is an operator or a shift lead, `all_three` who is operator, shift lead and dispatcher,
`seeing` everybody who sees it, `nobody` what only partners, citizens and the system do. `inspector.task` holds the
task, `inspector.author` brought the report in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

REPORT_STATES: Final = {
    "R": "received",
    "V": "verifying",
    "A": "accepted",
    "F": "filed",
    "M": "merged",
    "N": "answered",
    "O": "forwarded",
    "J": "rejected",
    "W": "withdrawn",
    "S": "self_disposed",
}
CASE_STATES: Final = {
    "F": "filed",
    "D": "dispatched",
    "S": "suspended",
    "P": "disposed",
    "L": "checking",
    "K": "checked",
    "C": "closed",
    "V": "voided",
}

REPORTS: Final = """
action               | who                        | R | V   | A | F | M | N | O | J | W | S
request_verification | desk                       | V | .   | . | . | . | . | . | . | . | .
verify               | inspector.task             | . | R = | . | . | . | . | . | . | . | .
accept               | operator                   | A | .   | . | . | . | . | . | . | . | .
accept_file_dispatch | all_three                  | F | .   | . | . | . | . | . | . | . | .
file                 | shift_lead                 | . | .   | F | . | . | . | . | . | . | .
reject               | operator                   | J | .   | J | . | . | . | . | . | . | .
answer               | operator                   | N | .   | N | . | . | . | . | . | . | .
forward              | operator                   | O | .   | O | . | . | . | . | . | . | .
merge                | desk                       | M | .   | M | . | . | . | . | . | . | .
unmerge              | desk                       | . | .   | . | A | A | . | . | . | . | .
self_dispose         | inspector.author           | S | .   | . | . | . | . | . | . | . | .
withdraw             | operator, inspector.author | W | .   | W | = | = | . | . | . | . | .
take_up              | inspector.task             | . | =   | . | . | . | . | . | . | . | .
hand_over            | inspector.task, desk       | . | =   | . | . | . | . | . | . | . | .
receive              | nobody                     | . | .   | . | . | . | . | . | . | . | .
supplement           | nobody                     | = | =   | = | = | = | = | = | = | = | =
urge                 | nobody                     | = | =   | = | = | = | = | = | = | = | =
call_back            | nobody                     | = | =   | = | = | = | = | = | = | = | =
evaluate             | nobody                     | . | .   | . | = | = | = | = | = | . | .
reply                | nobody                     | . | .   | . | = | = | . | . | . | . | .
"""

CASES: Final = """
action              | who              | F | D       | S | P     | L         | K | C | V
dispatch            | dispatcher       | D | .       | . | .     | .         | . | . | .
recall              | dispatcher       | . | F       | . | .     | .         | . | . | .
amend               | shift_lead       | = | =       | . | .     | .         | . | . | .
sign                | unit             | . | =       | . | .     | .         | . | . | .
contact             | unit             | . | =       | . | .     | .         | . | . | .
assign_sub          | unit             | . | =       | . | .     | .         | . | . | .
return_sub          | unit             | . | =       | . | .     | .         | . | . | .
report_up           | unit             | . | =       | . | .     | .         | . | . | .
request_return      | unit             | . | =       | . | .     | .         | . | . | .
request_extension   | unit             | . | =       | . | .     | .         | . | . | .
request_suspension  | unit             | . | =       | . | .     | .         | . | . | .
request_arbitration | unit             | . | =       | . | .     | .         | . | . | .
grant               | ruling           | . | F = S C | . | =     | =         | = | = | .
refuse              | ruling           | . | =       | . | =     | =         | = | = | .
arbitrate           | coordinator      | D | =       | . | =     | =         | = | = | .
resume              | unit, shift_lead | . | .       | D | .     | .         | . | . | .
dispose             | unit             | . | P =     | . | .     | .         | . | . | .
approve_answer      | operator         | . | .       | . | =     | =         | = | . | .
send_check          | desk             | . | .       | . | L     | .         | . | . | .
check               | inspector.task   | . | .       | . | .     | K D = P F | . | . | .
desk_check          | shift_lead       | . | .       | . | K D F | .         | . | . | .
take_up             | inspector.task   | . | .       | . | .     | =         | . | . | .
hand_over           | inspector.task, desk | . | .   | . | .     | =         | . | . | .
call_back           | desk             | . | .       | . | =     | =         | = | = | .
close               | shift_lead       | . | .       | . | .     | .         | C | . | .
merge_case          | desk             | C | C       | . | .     | .         | . | . | .
void                | shift_lead       | V | V       | V | V     | V         | V | . | .
reopen              | operator         | . | .       | . | .     | .         | . | D | .
appeal              | unit             | . | =       | = | =     | =         | = | = | .
review_appeal       | review           | . | =       | = | =     | =         | = | = | .
urge                | seeing           | = | =       | = | =     | =         | = | . | .
note                | seeing           | = | =       | = | =     | =         | = | = | =
tag                 | seeing           | = | =       | = | =     | =         | = | = | =
relocate            | nobody           | = | =       | = | =     | =         | = | . | .
supplement          | nobody           | = | =       | = | =     | =         | = | = | =
"""
BY_REQUEST: Final = ("grant", "refuse")
"""They name a request of the round; where it has none, the contents are refused before the state: 422."""
OVERSEEING: Final = ("supervisor", "coordinator", "inspector")
"""City posts that may also urge, note and tag what belongs to a town's desk; all else of it the city only sees."""
LEASES: Final = ("claim", "release")
"""They move nothing and are no steps; `test_leases` says whose and when."""
ORDERS: Final = ("answer", "accept", "send_back", "withdraw", "urge", "note")
"""What can be done to orders, which are no part of a case's life; `test_orders` says by whom and when."""
REVIEW: Final = ("shift_lead", "supervisor")
"""`review`: who hears appeals, one after the other."""
RULING: Final = ("dispatcher", "shift_lead", "coordinator", "supervisor", "unit_lead")
"""`ruling`: who may stand in an approval chain. Who of them rules now, the request's chain says."""
TABLES: Final = {"reports": (REPORTS, REPORT_STATES), "cases": (CASES, CASE_STATES)}

REPORT_SIGHT: Final = ("operator", "shift_lead", "dispatcher", "coordinator", "supervisor", "data_officer", "all_three")
"""Posts that see the reports of their area; an inspector sees his own and his tasks, a unit none."""
CASE_SIGHT: Final = (
    *("operator", "shift_lead", "dispatcher", "coordinator", "supervisor", "inspector", "all_three"),
    *("unit", "unit_lead"),
)
"""Posts that see the cases of their area; a unit and its lead see those that their subtree works or worked on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What an action leads to, by state."""

    action: str
    who: tuple[str, ...]
    cells: Mapping[str, tuple[str, ...]]

    def to(self, state: str) -> tuple[str, ...]:
        """Return the states it may lead to; none where it is not possible."""
        return tuple(state if one == "=" else one for one in self.cells[state])


def rows(table: str, states: Mapping[str, str]) -> tuple[Row, ...]:
    """Read a table, its letters as the states they stand for."""
    head, *lines = ([cell.strip() for cell in line.split("|")] for line in table.strip().splitlines())
    return tuple(
        Row(
            action=action,
            who=tuple(one.strip() for one in who.split(",")),
            cells={
                states[column]: tuple(states.get(one, one) for one in cell.split() if one != ".")
                for column, cell in zip(head[2:], cells, strict=True)
            },
        )
        for action, who, *cells in lines
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who asks: his posts, how far they reach, and what of it a stranger to the code would expect.

    `near`: the thing lies within his reach. `relation`: `author` and `task` of inspectors.
    """

    name: str
    posts: tuple[str, ...]
    street: str | None = None
    unit: str | None = None
    desk: str = "city"
    near: bool = True
    relation: str = ""

    def tokens(self, *, task: bool) -> frozenset[str]:
        """Return the words of `who` that mean him; `task`: the thing is being looked at by the one who has the task."""
        if self.posts == ("inspector",):
            holds = self.relation == "author" or (self.relation == "task" and task)
            return frozenset({f"inspector.{self.relation}"}) if holds else frozenset()
        if not self.near:
            return frozenset()
        found = {"all_three", *self.posts} if len(self.posts) > 1 else set(self.posts)
        desk = {"desk"} if found & {"operator", "shift_lead"} else set()
        return frozenset(found | desk | _standing_for("ruling", RULING, found) | _standing_for("review", REVIEW, found))

    def sees(self, thing: str, *, task: bool, worked: bool) -> bool:
        """Tell whether a report or case is in sight; `worked`: a unit has had it."""
        if thing == "report" and self.posts == ("inspector",):
            return bool(self.tokens(task=task))
        if self.unit is not None and not worked:
            return False
        seeing = REPORT_SIGHT if thing == "report" else CASE_SIGHT
        return self.near and not set(self.posts).isdisjoint(seeing)


def _standing_for(word: str, posts: Sequence[str], held: set[str]) -> set[str]:
    return {word} if held & set(posts) else set()


_THREE: Final = ("operator", "shift_lead", "dispatcher")
_OF_THE_DESK: Final = (
    *((post,) for post in ("operator", "shift_lead", "dispatcher", "coordinator", "supervisor")),
    _THREE,
)
_BESIDE: Final = (("admin",), ("data_officer",))


def people(*, own_street: str, other_street: str, unit: str, above: str, other_unit: str) -> Sequence[Person]:
    """Return everybody: each post with its own thing, and with one that is foreign to it."""

    def named(posts: tuple[str, ...]) -> str:
        return "+".join(posts)

    return (
        *(Person(name=f"{named(p)} of the city", posts=p) for p in (*_OF_THE_DESK, *_BESIDE)),
        *(Person(name=f"{named(p)} of the street", posts=p, street=own_street) for p in _OF_THE_DESK),
        *(Person(name=f"{named(p)} elsewhere", posts=p, street=other_street, near=False) for p in _OF_THE_DESK),
        *(Person(name=f"{named(p)} of another desk", posts=p, desk=above, near=False) for p in _OF_THE_DESK),
        Person(name="unit", posts=("unit",), unit=unit),
        Person(name="unit above", posts=("unit",), unit=above),
        Person(name="other unit", posts=("unit",), unit=other_unit, near=False),
        Person(name="unit_lead", posts=("unit_lead",), unit=unit),
        Person(name="other unit_lead", posts=("unit_lead",), unit=other_unit, near=False),
        Person(name="inspector who reported", posts=("inspector",), relation="author"),
        Person(name="inspector with the task", posts=("inspector",), relation="task"),
        Person(name="another inspector", posts=("inspector",)),
        Person(name="inspector of the street", posts=("inspector",), street=own_street),
        Person(name="inspector elsewhere", posts=("inspector",), street=other_street, near=False),
    )
