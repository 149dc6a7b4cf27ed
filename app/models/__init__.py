"""The tables, one file per noun. Import from here."""

from .apart import Block, Cooldown
from .base import Base, add_checks
from .company import (
    MOST_PER_WEEK,
    Avoidance,
    Company,
    CompanyStatus,
    Membership,
    Reach,
)
from .erasure import Erasure, ErasureKind, RetentionLimit
from .events import AuditEvent, DecisionAct, DecisionEvent, Lease, RateLimit
from .feedback import Feedback, Outcome
from .introduction import (
    AWAITING,
    DAYS_TO_ANSWER,
    OPEN_STATES,
    Band,
    ContactRelease,
    Decision,
    DeclineReason,
    Introduction,
    IntroductionSlot,
    Match,
    Side,
    Slot,
    State,
)
from .keeping import KEEPINGS, Keeping, Nature
from .listing import (
    LONGEST_TEXT,
    VALID_DAYS,
    Kind,
    Listing,
    ListingStatus,
    ListingTopic,
    Paid,
)
from .meeting import (
    LONGEST_NOTE,
    MOST_SLOTS,
    Meeting,
    MeetingKind,
    MeetingState,
)
from .outbox import (
    ConsentAction,
    ConsentEvent,
    ConsentKind,
    MailKind,
    MailState,
    OutboxMail,
)
from .person import Person, Role, RoleName, Seat, SignInLink
from .round import (
    EditKind,
    MatchingSettings,
    Round,
    RoundEdit,
    RoundState,
    Uncovered,
    UnmetNeed,
)
from .topic import Topic, TopicStatus

add_checks(Base.metadata)

__all__ = [
    "AWAITING",
    "DAYS_TO_ANSWER",
    "KEEPINGS",
    "LONGEST_NOTE",
    "LONGEST_TEXT",
    "MOST_PER_WEEK",
    "MOST_SLOTS",
    "OPEN_STATES",
    "VALID_DAYS",
    "AuditEvent",
    "Avoidance",
    "Band",
    "Base",
    "Block",
    "Company",
    "CompanyStatus",
    "ConsentAction",
    "ConsentEvent",
    "ConsentKind",
    "ContactRelease",
    "Cooldown",
    "Decision",
    "DecisionAct",
    "DecisionEvent",
    "DeclineReason",
    "EditKind",
    "Erasure",
    "ErasureKind",
    "Feedback",
    "Introduction",
    "IntroductionSlot",
    "Keeping",
    "Kind",
    "Lease",
    "Listing",
    "ListingStatus",
    "ListingTopic",
    "MailKind",
    "MailState",
    "Match",
    "MatchingSettings",
    "Meeting",
    "MeetingKind",
    "MeetingState",
    "Membership",
    "Nature",
    "OutboxMail",
    "Outcome",
    "Paid",
    "Person",
    "RateLimit",
    "Reach",
    "RetentionLimit",
    "Role",
    "RoleName",
    "Round",
    "RoundEdit",
    "RoundState",
    "Seat",
    "Side",
    "SignInLink",
    "Slot",
    "State",
    "Topic",
    "TopicStatus",
    "Uncovered",
    "UnmetNeed",
]
