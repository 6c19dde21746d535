"""The sample's other bodies, as the demo enters them: with papers that are good, that soon expire, and none at all.

Their last days are told in days from today, so that what expires soon does so on whatever day the demo is played.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from custody.access import INSTALLATION
from custody.clock import day
from custody.entries import Fact
from custody.entries.organisations import AgreementRecorded, LicenceRecorded, OrganisationRecorded
from custody.store.books import Books
from custody.values import Agreement, Licence, Organisation, Ownership

Activity = Literal["production", "reproduction", "transport"]


@dataclass(frozen=True, slots=True)
class SampleBody:
    """A body; `licences`: activity, number, level, days until it ends; `agreements`: number, subject and the same."""

    code: str
    name: str
    name_en: str
    ownership: Ownership = "state"
    overseas: bool = False
    contact: str = ""
    licences: tuple[tuple[Activity, str, str, int], ...] = ()
    agreements: tuple[tuple[str, str, str, int], ...] = ()


BODIES = (
    SampleBody(
        "PRESS",
        "国营长风印刷厂",
        "Changfeng State Printing House",
        contact="业务科 6218-0031",
        licences=(
            ("production", "国保制〔2024〕017", "top_secret", 640),
            ("reproduction", "国保复〔2024〕052", "top_secret", 640),
        ),
        agreements=(("远保协〔2025〕3号", "涉密文件印制", "top_secret", 410),),
    ),
    SampleBody(
        "DOCS",
        "金石文印服务中心",
        "Jinshi Document Services",
        ownership="collective",
        contact="值班室 6218-0095",
        licences=(("reproduction", "国保复〔2023〕118", "secret", 20),),
        agreements=(("远保协〔2024〕11号", "涉密文件复印、装订", "secret", 150),),
    ),
    SampleBody("SHOP", "街角图文快印店", "Corner Copy Shop", ownership="private", contact="门店 6218-0207"),
    SampleBody(
        "INST",
        "海岳力学研究所",
        "Haiyue Institute of Mechanics",
        contact="科研处 6218-0311",
        agreements=(("远保协〔2026〕2号", "联合试验资料提供", "secret", 500),),
    ),
    SampleBody(
        "MINISTRY",
        "装备管理部",
        "Ministry of Equipment",
        contact="办公厅机要处",
        agreements=(("远保协〔2025〕9号", "主管部门资料报送", "top_secret", 900),),
    ),
    SampleBody("EMB", "某国驻华使馆科技处", "Embassy, science section", ownership="foreign", overseas=True),
)


def enter_bodies(books: Books) -> None:
    """The bodies and their papers, taken over as they stood. Raises Refused."""
    today = date.fromisoformat(day(books.clock(), books.scheme.timezone))
    books.enter(INSTALLATION, list(_facts(books, today)), act="take_in")


def _facts(books: Books, today: date) -> Iterable[Fact]:
    def after(days: int) -> str:
        return (today + timedelta(days)).isoformat()

    began = after(-365)
    for one in BODIES:
        body = books.reserve("organisation", 1)[0]
        yield OrganisationRecorded(
            Organisation(body, one.code, one.name, one.name_en, one.ownership, one.overseas, one.contact)
        )
        for activity, number, level, days in one.licences:
            identifier, until = books.reserve("licence", 1)[0], after(days)
            paper = Licence(identifier, activity, body, number, "国家保密局", level, began, until)
            yield LicenceRecorded(paper)
        for number, subject, level, days in one.agreements:
            identifier, until = books.reserve("agreement", 1)[0], after(days)
            yield AgreementRecorded(Agreement(identifier, body, number, subject, level, began, until, "法定代表人"))
