"""The codes of the field, each with its Chinese name in docs/glossary.md; stored as text by their values."""

from enum import StrEnum


class Source(StrEnum):
    """Where a report came from. The list is fixed (docs/glossary.md)."""

    INSPECTOR = "inspector"
    HOTLINE_12345 = "hotline_12345"
    HOTLINE_12319 = "hotline_12319"
    CITIZEN = "citizen"
    WALK_IN = "walk_in"
    LEADER = "leader"
    SUPERIOR_PLATFORM = "superior_platform"
    DISTRICT = "district"
    MEDIA = "media"
    PETITION = "petition"
    FORUM = "forum"
    VIDEO = "video"
    VEHICLE = "vehicle"
    SENSOR = "sensor"
    CENSUS = "census"
    UNIT_SELF = "unit_self"
    ENFORCEMENT = "enforcement"
    DEPUTIES = "deputies"


class Kind(StrEnum):
    """What a case is about: a fixed thing or a happening."""

    COMPONENT = "component"
    EVENT = "event"


class Post(StrEnum):
    """What an account is appointed to do; one account may hold several."""

    INSPECTOR = "inspector"
    OPERATOR = "operator"
    SHIFT_LEAD = "shift_lead"
    DISPATCHER = "dispatcher"
    UNIT = "unit"
    UNIT_LEAD = "unit_lead"
    COORDINATOR = "coordinator"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"
    DATA_OFFICER = "data_officer"
    PARTNER = "partner"
    CITIZEN = "citizen"
    POLICY = "policy"


class ReportState(StrEnum):
    """Where a report stands; everything after `accepted` is an end."""

    RECEIVED = "received"
    VERIFYING = "verifying"
    ACCEPTED = "accepted"
    FILED = "filed"
    MERGED = "merged"
    ANSWERED = "answered"
    FORWARDED = "forwarded"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    SELF_DISPOSED = "self_disposed"


class CaseState(StrEnum):
    """Where a case stands."""

    FILED = "filed"
    DISPATCHED = "dispatched"
    SUSPENDED = "suspended"
    DISPOSED = "disposed"
    CHECKING = "checking"
    CHECKED = "checked"
    CLOSED = "closed"
    VOIDED = "voided"


class Action(StrEnum):
    """What can be done to a report or a case; the name is also the last part of its route."""

    RECEIVE = "receive"
    SUPPLEMENT = "supplement"
    REQUEST_VERIFICATION = "request_verification"
    VERIFY = "verify"
    ACCEPT = "accept"
    FILE = "file"
    ACCEPT_FILE_DISPATCH = "accept_file_dispatch"
    REJECT = "reject"
    ANSWER = "answer"
    FORWARD = "forward"
    MERGE = "merge"
    UNMERGE = "unmerge"
    WITHDRAW = "withdraw"
    SELF_DISPOSE = "self_dispose"
    EVALUATE = "evaluate"
    REPLY = "reply"
    DISPATCH = "dispatch"
    RECALL = "recall"
    SIGN = "sign"
    CONTACT = "contact"
    REQUEST_RETURN = "request_return"
    REQUEST_EXTENSION = "request_extension"
    REQUEST_SUSPENSION = "request_suspension"
    GRANT = "grant"
    REFUSE = "refuse"
    RESUME = "resume"
    DISPOSE = "dispose"
    SEND_CHECK = "send_check"
    CHECK = "check"
    DESK_CHECK = "desk_check"
    CALL_BACK = "call_back"
    CLOSE = "close"
    VOID = "void"
    REOPEN = "reopen"
    URGE = "urge"
    NOTE = "note"
    TAG = "tag"
    RELOCATE = "relocate"
    AMEND = "amend"
    MERGE_CASE = "merge_case"
    APPROVE_ANSWER = "approve_answer"
    REQUEST_ARBITRATION = "request_arbitration"
    ARBITRATE = "arbitrate"
    ASSIGN_SUB = "assign_sub"
    RETURN_SUB = "return_sub"
    REPORT_UP = "report_up"
    TAKE_UP = "take_up"
    HAND_OVER = "hand_over"
    APPEAL = "appeal"
    REVIEW_APPEAL = "review_appeal"


class EndKind(StrEnum):
    """How a closed round ended."""

    SOLVED = "solved"
    EXPLAINED = "explained"
    GONE = "gone"
    TRANSFERRED_TO_ENFORCEMENT = "transferred_to_enforcement"
    PROBLEM_BANK = "problem_bank"
    OUT_OF_SCOPE = "out_of_scope"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"


class DisposalResult(StrEnum):
    """What a unit says it did."""

    SOLVED = "solved"
    GONE = "gone"
    EXPLAINED = "explained"
    TEMPORARY = "temporary"
    CANNOT = "cannot"


class CheckResult(StrEnum):
    """What an inspector found before closing."""

    PASS = "pass"
    FAIL = "fail"
    NO_ACCESS = "no_access"
    NOT_FOUND = "not_found"


class VerifyResult(StrEnum):
    """What an inspector found before filing."""

    TRUE = "true"
    FALSE = "false"
    NOT_FOUND = "not_found"
    NO_ACCESS = "no_access"


class FailCode(StrEnum):
    """Why a check failed; `relapsed` passes and opens a new case."""

    NOT_DONE = "not_done"
    INCOMPLETE = "incomplete"
    WRONG_PLACE = "wrong_place"
    RELAPSED = "relapsed"


class LegKind(StrEnum):
    """What a unit's turn is within a round."""

    MAIN = "main"
    ASSIST = "assist"
    SUB = "sub"


class LegEnd(StrEnum):
    """How a leg ended; returned, recalled and overruled legs are annulled."""

    DISPOSED = "disposed"
    RETURNED = "returned"
    RECALLED = "recalled"
    OVERRULED = "overruled"
    SUPERSEDED = "superseded"


class RequestKind(StrEnum):
    """What a unit asks the desk for."""

    RETURN = "return"
    EXTENSION = "extension"
    SUSPENSION = "suspension"
    END = "end"
    ARBITRATION = "arbitration"


class RequestState(StrEnum):
    """Where a request stands."""

    PENDING = "pending"
    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Mark(StrEnum):
    """What a unit is marked for, and may appeal against."""

    OVERDUE = "overdue"
    REWORK = "rework"
    DISSATISFIED = "dissatisfied"
    UNSOLVED = "unsolved"
    RETURN_REFUSED = "return_refused"
    RECURRENCE = "recurrence"


class AppealState(StrEnum):
    """Where an appeal stands."""

    PENDING = "pending"
    UPHELD = "upheld"
    REFUSED = "refused"


class Handling(StrEnum):
    """How a case is handled; only `ordinary` goes the whole way."""

    ORDINARY = "ordinary"
    SIMPLE = "simple"
    SELF_FOUND = "self_found"


class Contact(StrEnum):
    """How a unit may reach the reporter."""

    CONFIDENTIAL = "confidential"
    VIA_DESK = "via_desk"
    RELAY = "relay"


class Attention(StrEnum):
    """Why a person should look at a report or a case; never a reason to refuse it."""

    OUT_OF_COVERAGE = "out_of_coverage"
    NO_LOCATION = "no_location"
    NO_CATEGORY = "no_category"
    NO_CONDITION = "no_condition"
    OLD_CATEGORY = "old_category"
    UNKNOWN_CATEGORY = "unknown_category"
    UNKNOWN_VALUE = "unknown_value"
    UNASSIGNED = "unassigned"
    NEAR_BOUNDARY = "near_boundary"
    ON_BOUNDARY = "on_boundary"
    SNAPPED = "snapped"
    MEDIA_PENDING = "media_pending"
    POSSIBLE_DUPLICATE = "possible_duplicate"
    UNKNOWN_COMPONENT = "unknown_component"
    SUPPLEMENTED = "supplemented"
    WITHDRAWN_BY_REPORTER = "withdrawn_by_reporter"
    DISSATISFIED = "dissatisfied"
    REDO_ASKED = "redo_asked"
    SUPERVISED = "supervised"
    CLOCK_SKEW = "clock_skew"


class Datum(StrEnum):
    """The named reference systems a point may come in; EPSG codes are given as `EPSG:n`."""

    WGS84 = "wgs84"
    CGCS2000 = "cgcs2000"
    GCJ02 = "gcj02"
    BD09 = "bd09"


class LocationFrom(StrEnum):
    """How a point came about."""

    DEVICE = "device"
    PARTNER = "partner"
    GEOCODED = "geocoded"
    BY_HAND = "by_hand"


class LimitUnit(StrEnum):
    """How a time limit counts (docs/clock.md)."""

    MINUTE = "minute"
    CONTINUOUS_HOUR = "continuous_hour"
    CONTINUOUS_DAY = "continuous_day"
    WORK_HOUR = "work_hour"
    WORK_DAY = "work_day"


class WorkDayRule(StrEnum):
    """How a limit in work days counts (docs/clock.md)."""

    HOURS = "hours"
    DAY_HOURS = "day_hours"
    SAME_TIME = "same_time"
    DAY_END = "day_end"


class ReworkClock(StrEnum):
    """What a failed check does to the leg's clock (policy)."""

    UNIT_TIME = "unit_time"
    DEADLINE_KEPT = "deadline_kept"
    FRESH = "fresh"


class Light(StrEnum):
    """How much of a limit is used."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


class AreaLevel(StrEnum):
    """The administrative levels below the city."""

    DISTRICT = "district"
    STREET = "street"
    COMMUNITY = "community"


class Scope(StrEnum):
    """How far a rule reaches, from the most specific to the least."""

    ZONE = "zone"
    CELL = "cell"
    BEAT = "beat"
    COMMUNITY = "community"
    STREET = "street"
    DISTRICT = "district"
    CITY = "city"


class DecidedBy(StrEnum):
    """What kind of ground named the unit."""

    RULING = "ruling"
    COMPONENT = "component"
    RULE = "rule"
    ZONE = "zone"
    FALLBACK = "fallback"
    UNASSIGNED = "unassigned"


class LostBecause(StrEnum):
    """Why a ground that was considered did not name the unit."""

    INACTIVE_UNIT = "inactive_unit"
    NOT_VALID_THEN = "not_valid_then"
    OTHER_CATEGORY = "other_category"
    LESS_SPECIFIC = "less_specific"
    LATER_GROUND = "later_ground"
    OLDER_RULING = "older_ruling"
    SAME_UNIT = "same_unit"
    CONFLICT = "conflict"
