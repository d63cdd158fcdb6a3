"""The rules, in the order of a verdict. A new rule is a class in one of these files, and its name here."""

from rules.events import EffectWithoutEvent, EventWithoutEffect, Leaked, SequenceBroken, UnstableEvent
from rules.lives import ImpossibleHistory, LimitExceeded, LostSession, Resurrected
from rules.messages import LostCommand, NothingHappened, OtherResult, SecondEffect, Unanswered, WrongCode
from rules.remains import LeftOver, NotQuarantined, WrongQuarantine
from rules.tokens import SecondSuccessor, ValidAfterRevocation

RULES = [
    LostCommand, LostSession, SecondEffect, OtherResult, NothingHappened, EffectWithoutEvent, EventWithoutEffect,
    UnstableEvent, SequenceBroken, ImpossibleHistory, ValidAfterRevocation, Resurrected, LimitExceeded,
    SecondSuccessor, Leaked, WrongCode, NotQuarantined, WrongQuarantine, Unanswered, LeftOver,
]
