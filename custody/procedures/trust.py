"""The record itself: the installation seals its own logs and changes its key, and nobody else does.

A change of key is signed by administrators whose identity was just confirmed: one where the old key hands over, two
where it was lost.
"""

from collections.abc import Mapping

from custody.entries import Fact
from custody.entries.trust import KeyReplaced, KeyRotated
from custody.register import CarrierState
from custody.rules import Needed, Params, Rule, Situation

SIGNERS: Mapping[type[Fact], int] = {KeyRotated: 1, KeyReplaced: 2}
"""How many persons sign a change of key."""


def _signed_by_too_few(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    return None if len(situation.signers) >= SIGNERS[type(fact)] else {"count": SIGNERS[type(fact)]}


def _reason_missing(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    assert isinstance(fact, KeyReplaced)
    return None if fact.reason.strip() else {"field": "reason"}


RULES: tuple[Rule, ...] = (
    Rule("", "key_unsigned", (KeyRotated, KeyReplaced), _signed_by_too_few),
    Rule("", "text_missing", (KeyReplaced,), _reason_missing),
)
PERMISSIONS: Mapping[type[Fact], Needed] = {}
"""No person may: what the installation may enter by itself stands in `custody.rules.OF_THE_INSTALLATION`."""
ACTS: Mapping[str, str] = {"seal": "RZ", "ledger_key": "MY"}  # 日志封存, 密钥
CODES: Mapping[str, tuple[str, ...]] = {"key_unsigned": ("count",)}
FREE: frozenset[type[Fact]] = frozenset()
