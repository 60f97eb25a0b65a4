"""The codes of orders to units, each with its Chinese name in docs/glossary.md."""

from enum import StrEnum


class OrderKind(StrEnum):
    """What a formal order to a unit is: something to be done, or something watched until it is done."""

    ASSIGNMENT = "assignment"
    SUPERVISION = "supervision"


class OrderState(StrEnum):
    """Where an order stands; a miss is a mark, not a state: it stays open."""

    OPEN = "open"
    ANSWERED = "answered"
    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"


class OrderAction(StrEnum):
    """What can be done to an order; `issue` begins it, `miss` is the clock's."""

    ISSUE = "issue"
    ANSWER = "answer"
    ACCEPT = "accept"
    SEND_BACK = "send_back"
    WITHDRAW = "withdraw"
    URGE = "urge"
    NOTE = "note"
    MISS = "miss"
