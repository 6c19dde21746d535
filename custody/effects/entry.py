"""Letter j: what the facts do to a carrier."""

from collections.abc import Mapping

from custody.carrier import Step, Transitions
from custody.entries import CarrierFact

TRANSITIONS: Transitions = {}
STEPS: Mapping[type[CarrierFact], Step] = {}
