"""Make a coordinator's word about one case hold for the cases to come of its place and category."""

from typing import Final
from uuid import UUID

from app.dispatch import commands
from app.dispatch.case_arbitration import ruling_id, ruling_wanted
from app.dispatch.errors import BadInput
from app.dispatch.ruling import fault
from app.services.effects import Ruled
from app.services.held import HeldCase
from app.services.ledger import Acting
from app.services.sitting import Sitting

_AS_GIVEN: Final = {"valid_from": "from", "valid_to": "to"}


def rule(sitting: Sitting, held: HeldCase, command: commands.Arbitrate, acting: Acting) -> None:
    """Note the ruling that an arbitration makes, checked against the sitting's book; none where none is wanted.

    Raises BadInput. Comes before the step: the ruling bears the id that the step will name.
    """
    part = command.ruling
    if part is None:
        return
    wanted = ruling_wanted(held.life, part, command.unit_code, sitting.book.catalogue)
    found = fault(wanted, sitting.book, acting.now)
    if found is not None:
        where = ["body", "ruling", _AS_GIVEN.get(found.field, found.field)]
        raise BadInput.at(where, found.message, code=found.code)
    ruled = Ruled(id=UUID(ruling_id(held.life)), wanted=wanted, case_id=held.id, by=acting.actor_id)
    sitting.effects.rule(ruled)
