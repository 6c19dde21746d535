"""Which method of destruction fits which medium and level, so that nothing can be restored (clauses g.3, g.4).

The practice: methods after BMB21 (destruction of carriers of state secrets) — paper is shredded, pulped or burnt;
electromagnetic media are degaussed, crushed, burnt or dissolved. Flash has no magnetism to take away, and hides
spare cells from overwriting. Particles by the security levels of ISO/IEC 21964-1 (DIN 66399), 1 to 7.
An organisation may forbid more by configuration (`[destruction] forbidden`), never allow more.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from custody.scheme import DESTRUCTION_METHODS
from custody.values import CarrierKind

ON_SITE, CENTRE = "on_site", "centre"
DISPOSALS = (ON_SITE, CENTRE)
"""What may become of a batch: destroyed on site, or by the designated unit."""
FORBIDDEN_DISPOSALS = ("scrap", "sale", "waste", "recycling", "gift")
"""What must never become of it (clause g.6): sold, thrown away, recycled or given away in a state that can be read."""

MECHANICAL = frozenset({"shred", "crush"})
"""Methods that leave particles, whose size matters."""
ELECTROMAGNETIC = frozenset({"magnetic", "flash", "equipment"})
"""Media on which secrets are recorded electromagnetically (clause g.4); the others stand under clause g.3."""


@dataclass(frozen=True, slots=True)
class Fitness:
    """For one medium and method: up to which rank of level, and for particles the levels needed by rank (0 to 3)."""

    rank_max: int = 3
    fineness: tuple[int, int, int, int] = (0, 0, 0, 0)


_ANY = Fitness()
_PARTICLES = Fitness(3, (4, 5, 6, 7))
"""Internal, confidential, secret, top secret: P-4 ≤ 160 mm², P-5 ≤ 30, P-6 ≤ 10, P-7 ≤ 5; O, T, E, H, F likewise."""
_DISK = Fitness(3, (4, 4, 5, 6))
"""Platters are hard: H-4 ≤ 2000 mm², H-5 ≤ 320, H-6 ≤ 10."""

FITNESS: Mapping[str, Mapping[str, Fitness]] = {
    "paper": {"shred": _PARTICLES, "pulp": _ANY, "burn": _ANY},
    "disc": {"shred": _PARTICLES, "crush": _PARTICLES, "burn": _ANY, "chemical": _ANY},
    # Overwriting alone never at the top level (clause g.4).
    "magnetic": {
        "degauss": _ANY,
        "crush": _DISK,
        "shred": _DISK,
        "burn": _ANY,
        "chemical": _ANY,
        "overwrite": Fitness(2),
    },
    "flash": {"crush": _PARTICLES, "shred": _PARTICLES, "burn": _ANY, "chemical": _ANY},
    "film": {"shred": _PARTICLES, "burn": _ANY, "chemical": _ANY},
    "equipment": {"crush": _ANY, "burn": _ANY, "chemical": _ANY},
    "other": {"shred": _ANY, "crush": _ANY, "burn": _ANY, "chemical": _ANY},
}
"""Medium -> method -> how far it fits. What is not here never fits."""

LARGE_KINDS: frozenset[CarrierKind] = frozenset({"model", "computer"})
"""Kinds of carrier that are large by themselves (clause g.7)."""
LARGE_MEDIA = frozenset({"equipment"})
"""Media that no registry destroys itself (clause g.7)."""


_NAMES: Mapping[str, tuple[str, ...]] = {
    "paper": ("paper", "纸", "纸质", "纸张", "纸介质"),
    "disc": ("disc", "optical", "cd", "dvd", "光盘", "光介质"),
    "magnetic": ("magnetic", "tape", "hdd", "磁", "磁介质", "磁带", "磁盘", "硬盘", "移动硬盘"),
    "flash": ("flash", "ssd", "usb", "闪存", "u盘", "优盘", "固态硬盘", "半导体"),
    "film": ("film", "microfilm", "胶片", "缩微胶片", "胶卷"),
    "equipment": ("equipment", "设备"),
}
_ROW_OF_NAME = {name: row for row, names in _NAMES.items() for name in names}
_ROW_OF_KIND: Mapping[CarrierKind, str] = {
    "document": "paper",
    "notebook": "paper",
    "disc": "disc",
    # A drive that does not say what it is made of is judged as the one that is harder to destroy.
    "drive": "flash",
    "film": "film",
    "model": "equipment",
    "computer": "equipment",
}
_PARTS = re.compile(r"[\s,;，；、/(（]+")


def medium_of(medium: str, kind: CarrierKind) -> str:
    """The row of the table for what a carrier is made of: a code of `custody.scheme.MEDIA`.

    The register has the medium in the words of whoever entered it (`magnetic，2TB`): the first word counts. Where
    that is not known, or says paper of what cannot be paper, the kind of carrier decides.
    """
    first = _PARTS.split(medium.strip().casefold(), maxsplit=1)[0]
    by_name, by_kind = _ROW_OF_NAME.get(first), _ROW_OF_KIND.get(kind, "other")
    if by_name is None:
        return by_kind if first != "other" else "other"
    return by_kind if by_name == "paper" and by_kind not in ("paper", "other") else by_name


def clause_of(medium: str) -> str:
    """The clause under which a method is judged: g.4 for electromagnetic media, g.3 for the others."""
    return "g.4" if medium in ELECTROMAGNETIC else "g.3"


def fits(method: str, medium: str, rank: int, forbidden: Iterable[str] = ()) -> bool:
    """Whether the method destroys the medium (a code of `custody.scheme.MEDIA`) for good at a level of this rank.

    `forbidden`: methods, or `medium:method`, that the organisation does not allow. Internal carriers (rank 0) are no
    state secrets: any known method will do that is not forbidden.
    """
    if method not in DESTRUCTION_METHODS or not {method, f"{medium}:{method}"}.isdisjoint(forbidden):
        return False
    found = FITNESS[medium].get(method)
    return rank == 0 or (found is not None and rank <= found.rank_max)


def fineness_needed(method: str, medium: str, rank: int) -> int:
    """The coarsest security level of particles that will do (ISO/IEC 21964-1); 0 where there are none."""
    found = FITNESS[medium].get(method)
    if found is None or rank == 0:
        return 0
    return found.fineness[min(rank, len(found.fineness) - 1)]
