"""Letters e to j: carrying out, keeping, destruction, meetings, disclosure, entry."""

from custody.regulations.model import Clause, detect, record, refuse, remind

CLAUSES = (
    # Letter e, carrying out.
    Clause(
        "e.1",
        "Carriers are carried out only for work, and under protection.",
        "确因工作需要方可携带涉密载体外出，并须采取保密措施，使其始终处于有效保护之下。",
        "letter e",
        (
            refuse(
                "Without a permit (who, what, why, where to, container, escort, window).",
                "无外出许可（何人、何物、事由、去向、容器、同行人、时限）的，不得带出。",
                kept=True,
            ),
            detect("Left by a portal without a permit.", "无证出门：没有许可而从门禁处带出。", kept=True),
        ),
    ),
    Clause(
        "e.2",
        "No unrelated errands and no public places on the way.",
        "携带涉密载体外出期间，不得办理无关事项，不得进入商店、娱乐等不利于保密的公共场所。",
        "letter e",
        (record("The itinerary is declared, and confirmed on return.", "事先申报行程，返回时逐项确认。", kept=True),),
    ),
    Clause(
        "e.3",
        "Not to foreign-affairs activities, unless the leaders approve.",
        "参加涉外活动不得携带涉密载体；确需携带的，须经单位领导批准并采取保护措施。",
        "letter e",
        (refuse("Without that approval.", "无领导批准的，不予许可。", kept=True),),
    ),
    Clause(
        "e.4",
        "Out of the country only with the special approval, and with precautions.",
        "严禁擅自携带涉密载体出境；因工作确需出境的，须按规定专门审批，并采取周密的保护措施。",
        "letter e",
        (refuse("Without it.", "无专门批准的，不予许可。", kept=True),),
    ),
    # Letter f, keeping.
    Clause(
        "f.1",
        "Nobody keeps carriers privately.",
        "严禁个人私自留存涉密载体。",
        "letter f",
        (
            remind("Held longer than the limit.", "持有超过规定时限。", kept=True),
            detect(
                "Seen in an office overnight when it must be locked in.",
                "应入柜而过夜仍在办公室被听到。",
                kept=True,
            ),
            refuse(
                "A post or an account is closed only at zero holdings: clearance of leavers, and before a change of "
                "post.",
                "名下载体未清零的，不得办结离岗离职或停用账户；调整岗位前亦同。",
                kept=True,
            ),
        ),
    ),
    Clause(
        "f.2",
        "Carriers are stored only in places and equipment fit for the level.",
        "保存涉密载体，须选择具备保密条件、与密级相适应的场所和设备。",
        "letter f",
        (
            refuse("Shelving in a place rated too low.", "存放场所保密等级不够的，不得上架。", kept=True),
            detect("Seen in a place rated too low.", "在保密等级不够的场所被听到。", kept=True),
        ),
        internal=True,
    ),
    Clause(
        "f.3",
        "What is to be archived is archived, or transferred to the archives, in time.",
        "应当归档的涉密载体，须按档案法规定及时归档或移交档案部门保管。",
        "letter f",
        (
            remind("Due for archiving.", "到期应归档。", kept=True),
            record("The transfer list, with both signatures.", "移交清单，双方签字。", kept=True),
        ),
        internal=True,
    ),
    # Letter g, destruction.
    Clause(
        "g.1",
        "Destruction is registered, and approved by the supervisor.",
        "销毁涉密载体，须履行登记手续，经主管领导批准。",
        "letter g",
        (refuse("Without registration and approval.", "未登记、未经批准的，不得销毁。", kept=True),),
        internal=True,
    ),
    Clause(
        "g.2",
        "Nobody destroys privately.",
        "严禁私自销毁涉密载体。",
        "letter g",
        (
            refuse(
                "The destroyer is the approver, or the carrier is in no batch.",
                "销毁人即批准人的，或不在销毁批次内的，不予登记。",
                kept=True,
            ),
            detect(
                "Never seen again, without a record of destruction.",
                "再未听到，而无销毁记录。",
                kept=True,
            ),
        ),
    ),
    Clause(
        "g.3",
        "The content cannot be restored.",
        "销毁须确保内容无法还原。",
        "letter g",
        (
            refuse(
                "The method is not allowed for the medium (paper, disc, magnetic, flash, film, equipment) and level.",
                "销毁方式不适用于该介质（纸质、光盘、磁介质、闪存、胶片、设备）和密级的，不予批准。",
                kept=True,
            ),
        ),
    ),
    Clause(
        "g.4",
        "Electromagnetic media are destroyed completely.",
        "以电磁方式记载国家秘密的载体，须彻底销毁。",
        "letter g",
        (
            refuse(
                "Anything but degaussing, crushing, burning or chemical destruction; never overwriting alone at the "
                "top level.",
                "须消磁、粉碎、焚烧或化学腐蚀；绝密级不得仅以覆写代替销毁。",
                kept=True,
            ),
        ),
        as_of=("g.3",),
    ),
    Clause(
        "g.5",
        "Supervisors are present; destroyer and supervisors both sign.",
        "销毁须有人在场监销，监销人员和销毁人员均须签字。",
        "letter g",
        (
            refuse(
                "Fewer than three distinct persons (a destroyer and two supervisors); a supervisor is never the "
                "applicant.",
                "不足三人（销毁人一名、监销人两名，互不相同）的，不得销毁；监销人不得为申请人。",
                kept=True,
            ),
            record(
                "The last read at the shredder equals the approved list before anyone signs.",
                "签字之前，销毁现场最后读到的与批准清单一致。",
                kept=True,
            ),
        ),
    ),
    Clause(
        "g.6",
        "Carriers are never sold as scrap.",
        "禁止将涉密载体作为废品出售。",
        "letter g",
        (refuse("By the route of disposal.", "处置去向为废品出售的，不予登记。", kept=True),),
    ),
    Clause(
        "g.7",
        "Large items go to the designated unit; in practice the destruction centre is the usual route for everything.",
        "大宗涉密载体须送保密部门指定的单位销毁；实践中一般均送销毁中心。",
        "letter g",
        (
            refuse("Large items elsewhere.", "大宗载体送往他处的，不予登记。", kept=True),
            record(
                "The list, the escorts, the hand-over, the centre's receipt and certificate.",
                "清单、押运人、交接，以及销毁中心的回执和销毁证明。",
                kept=True,
            ),
        ),
    ),
    Clause(
        "g.8",
        "What is destroyed stays destroyed.",
        "已销毁的，不得再现。",
        "practice",
        (
            detect(
                "The tag of a destroyed carrier was read again (ghost read): an incident that names all signatories.",
                "已销毁载体的标签再次被读到（标签复现）：按事件处置，并列出全部签字人。",
                kept=True,
            ),
        ),
    ),
    # Letter h, meetings.
    Clause(
        "h.1",
        "No unrelated persons in the venue of the meeting.",
        "不得带领无关人员进入涉密会议场所。",
        "letter h",
        (
            record("The list of attendees, and entries.", "参会人员名单和进场记录。", kept=True),
            refuse("The entry of one who is not on the list.", "不在名单上的，不予进场登记。", kept=True),
        ),
    ),
    Clause(
        "h.2",
        "Meeting papers are distributed by register.",
        "会议文件须登记发放。",
        "letter h",
        (record("Copy number to seat or person, signed.", "份号对应席位或个人，签字领取。", kept=True),),
        internal=True,
    ),
    Clause(
        "h.3",
        "At the end an inventory is made, the participants' lodgings included.",
        "会议结束须清点文件，并对与会人员驻地进行清查，防止文件丢失。",
        "letter h",
        (
            record(
                "The count after the meeting, by copy and person, over venue and lodgings.",
                "会后清点：按份号、按人，覆盖会场和驻地。",
                kept=True,
            ),
            refuse("Closing short without a signed incident.", "文件未齐而无签字的事件记录的，不得办结。", kept=True),
            detect(
                "Unreturned papers, left in the venue, or out by a portal.",
                "未收回的文件、遗留会场的文件，或已从门禁处带出的文件。",
                kept=True,
            ),
        ),
        internal=True,
    ),
    Clause(
        "h.4",
        "Papers that may be taken back to the unit are handed in there for safekeeping in time.",
        "允许带回的会议文件，须及时交本单位保管。",
        "letter h",
        (remind("Taken back but not deposited by the deadline.", "已带回单位而逾期未交存。", kept=True),),
    ),
    # Letter i, disclosure.
    Clause(
        "i.1",
        "Information or carriers for outsiders: only under the management system.",
        "对外提供涉密信息和涉密载体，须严格执行有关保密管理制度。",
        "letter i",
        (
            refuse(
                "No approval, or no agreement with the recipient.",
                "未经批准，或未与接收方签订保密协议的，不得提供。",
                kept=True,
            ),
            remind("The return is due.", "到期应收回。", kept=True),
        ),
    ),
    Clause(
        "i.2",
        "Manuscripts, press, interviews and books are reviewed for secrecy first.",
        "投稿、新闻发布、接受采访、著书立说，须先经保密审查，不得涉及国家秘密。",
        "letter i",
        (
            record(
                "The disclosure review, its reviewer (not the author) and result: who discloses, reviews. Where a "
                "secret cannot be avoided in an interview, the statement made to the editors.",
                "保密审查记录、审查人（非作者本人）和审查结论，坚持“谁公开、谁审查”；"
                "采访中确实无法回避的，记录向编辑人员所作的声明。",
                kept=True,
            ),
        ),
    ),
    # Letter j, entry and conduct.
    Clause(
        "j.1",
        "Irrelevant persons stay out of key departments and places.",
        "不得带领无关人员进入保密要害部门、部位。",
        "letter j",
        (
            record(
                "The entry register: who, with whom, why, when in and out.",
                "进出登记：何人、陪同人、事由、进出时间。",
                kept=True,
            ),
            refuse("Unescorted entry.", "无人陪同的，不予进入登记。", kept=True),
            detect("Not signed out.", "访客未签离。", kept=True),
        ),
    ),
    Clause(
        "j.2",
        "Secrets are not discussed in private, in public places, at home, by open telephone or in chats.",
        "不得在私人交往和通信、公共场所、家中、无保密措施的电话和聊天群中谈论国家秘密。",
        "letter j",
        (
            record("The undertaking, signed.", "签订保密承诺书。", kept=True),
            remind("The yearly instruction, acknowledged.", "每年一次保密提醒，须签收确认。", kept=True),
        ),
    ),
)
