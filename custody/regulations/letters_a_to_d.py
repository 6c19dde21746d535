"""Letters a to d: production, dispatch, use, copying."""

from custody.regulations.model import Clause, detect, record, refuse, remind

CLAUSES = (
    # Letter a, production.
    Clause(
        "a.1",
        "Nothing is produced without an approved production order.",
        "制作涉密载体须先经审批；无批准的制作单，不得制作。",
        "letter a",
        (
            refuse(
                "A carrier produced here is registered only under an approved order (title, level, period, scope, "
                "quantity, place, producer); received, copied and legacy carriers have origins of their own.",
                "本单位制作的载体，凭已批准的制作单（名称、密级、保密期限、知悉范围、数量、场所、承制方）方可登记；"
                "收文、复制件和旧有载体各有来源，不在此列。",
                kept=True,
            ),
        ),
    ),
    Clause(
        "a.2",
        "Production happens in a protected place.",
        "制作须在具备保密条件的场所进行。",
        "letter a",
        (
            refuse(
                "The order's place must be rated for the level.",
                "制作单所列场所的保密等级须不低于载体密级。",
                kept=True,
            ),
        ),
    ),
    Clause(
        "a.3",
        "The producer is never a private, foreign, foreign-funded or self-employed party.",
        "严禁委托私营企业、外国企业、外资企业和个体经营者制作涉密载体。",
        "letter a",
        (
            refuse(
                "The producer's ownership kind is checked; an outside producer needs a licence on file that has not "
                "expired.",
                "核查承制方的所有制性质；外部承制方须有在案且在有效期内的资质。",
                kept=True,
            ),
        ),
    ),
    Clause(
        "a.4",
        "The approved quantity is exact: no copy too many, none kept back.",
        "严格按照批准的数量制作，不得多制，不得私留。",
        "letter a",
        (
            refuse("Copy n+1 of n is not registered.", "批准 n 份的，第 n+1 份不予登记。", kept=True),
            detect(
                "Tags of the order's number block were heard but never registered.",
                "听到属于该制作单号段、却从未登记的标签。",
                kept=True,
            ),
            record(
                "An order closes only when approved = registered + spoiled + cancelled.",
                "批准数＝登记数＋作废数＋取消数，制作单方可办结。",
                kept=True,
            ),
        ),
    ),
    Clause(
        "a.5",
        "Level and period are determined and marked, and approved by the committee through the secrecy office.",
        "密级和保密期限须依规定确定并作出标志，经保密管理部门报保密委员会审批。",
        "letter a",
        (
            refuse(
                "No level, or a period beyond the level's maximum without the authority named (by default top secret "
                "30 years, secret 20, confidential 10; unmarked means the maximum).",
                "未定密级的，或保密期限超过该密级最长期限而未写明批准机关的，不予登记"
                "（默认绝密 30 年、机密 20 年、秘密 10 年；未标明期限的按最长期限）。",
                kept=True,
            ),
            record(
                "The basis, who determined it, the mark LEVEL★PERIOD, and the two approvals.",
                "定密依据、定密责任人、“密级★期限”标志，以及两级审批。",
                kept=True,
            ),
        ),
    ),
    Clause(
        "a.6",
        "Drafts, proofs, negatives and scraps are carriers too: kept likewise, or destroyed in time.",
        "草稿、修改稿、签发稿、清样、底片、废品等中间材料，需留存的按正式涉密载体管理，不需留存的及时销毁。",
        "letter a",
        (
            record(
                "Intermediates are registered under the order, with its level.",
                "中间材料登记在制作单名下，密级与之相同。",
                kept=True,
            ),
            remind(
                "Intermediates neither preserved nor destroyed by the set number of days after the order closed.",
                "制作单办结后逾规定天数，中间材料既未留存也未销毁。",
                kept=True,
            ),
        ),
    ),
    # Letter b, sending and receiving.
    Clause(
        "b.1",
        "What is sent or received is registered, numbered and signed for.",
        "收发涉密载体，须履行登记、编号、签收手续。",
        "letter b",
        (
            refuse(
                "A dispatch without number and the signatures of sender and receiver does not complete.",
                "无编号、无发件人和收件人签字的，收发不予办结。",
                kept=True,
            ),
        ),
        internal=True,
    ),
    Clause(
        "b.2",
        "On receipt the items are counted and checked one by one.",
        "签收时须逐件清点、逐件核对。",
        "letter b",
        (
            record(
                "The receipt compares the manifest with what was read or ticked, item by item (short, over, wrong), "
                "and the sender is told.",
                "收件时按清单与读到或勾选的逐件比对（短少、多出、不符），并告知发件单位。",
                kept=True,
            ),
            refuse(
                '"Received in full" while one item is unaccounted for.',
                "尚有一件未落实的，不得签“全数收讫”。",
                kept=True,
            ),
        ),
        internal=True,
    ),
    Clause(
        "b.3",
        "Distribution stays within the prescribed scope; widening it needs authority.",
        "分发须严格限于规定的知悉范围，不得擅自扩大。",
        "letter b",
        (
            refuse(
                "The recipient is outside the scope, or the level is over his clearance; widening is an approved act "
                "of its own.",
                "收件人不在知悉范围内，或载体密级高于其涉密等级的，不予分发；扩大范围须另行审批。",
                kept=True,
            ),
        ),
    ),
    Clause(
        "b.4",
        "Transport is by confidential communications or confidential transport: never by ordinary post, never by "
        "an unrelated person.",
        "传递、运输须交由机要通信、机要交通等专门部门承担，不得通过普通邮政邮寄，不得交由无关人员。",
        "letter b",
        (
            refuse(
                "The way of carrying is not allowed for the level.",
                "所选传递方式不适用于该密级的，不予办理。",
                kept=True,
            ),
        ),
    ),
    Clause(
        "b.5",
        "Own transport: a safe route and vehicle, and strict measures.",
        "自行传递、运输的，须选择安全的路线和交通工具，并采取严密的保密措施。",
        "letter b",
        (
            record(
                "Route, vehicle and escorts (two for top secret).",
                "路线、交通工具和押运人（绝密级须两人以上）。",
                kept=True,
            ),
            remind("Not arrived by the planned time.", "逾预定时间未送达。", kept=True),
        ),
    ),
    Clause(
        "b.6",
        "Overseas only by diplomatic courier or under the export rules.",
        "向境外传递涉密载体，须经外交信使，或按出境管理的有关规定办理。",
        "letter b",
        (refuse("Any other way overseas.", "以其他方式寄往或带往境外的，不予办理。", kept=True),),
    ),
    Clause(
        "b.7",
        "Received papers go back to their issuer by list when recalled; the registers of incoming and outgoing "
        "papers keep the issuer's own number.",
        "来文须按发文单位的清退通知逐件清退；收发文登记保留发文单位的原编号。",
        "practice",
        (
            record(
                "The recall, the list, item by item, both signatures; reissue.",
                "清退通知、清退清单、逐件核对、双方签字；重新发放另行登记。",
                kept=True,
            ),
            remind("Not returned by the date.", "逾期未清退。", kept=True),
        ),
    ),
    # Letter c, use.
    Clause(
        "c.1",
        "Carriers are used within the prescribed scope.",
        "使用涉密载体须严格限于规定的范围，不得擅自扩大。",
        "letter c",
        (
            refuse(
                "As b.3, at borrowing, circulation and meetings: whoever is outside the scope or below the level "
                "gets nothing.",
                "同 b.3，适用于借阅、传阅和会议：不在知悉范围内或涉密等级不够的，一律不予提供。",
                kept=True,
            ),
        ),
    ),
    Clause(
        "c.2",
        "Carriers are read only in protected places.",
        "阅读涉密载体须在办公室、阅览室等具备保密条件的场所。",
        "letter c",
        (
            detect(
                "A carrier in use was seen in a place not rated for its level.",
                "使用中的载体在保密等级不够的场所被听到。",
                kept=True,
            ),
        ),
    ),
    Clause(
        "c.3",
        "Circulation is registered; readers never pass a carrier on to each other; nobody keeps it.",
        "传阅须办理登记手续；传阅人之间不得横传，不得擅自留存。",
        "letter c",
        (
            refuse("A leg that does not start at the registry.", "不由机要室发起的传阅环节，不予登记。", kept=True),
            detect(
                "Direct pass: reads or the next holder contradict the legs.",
                "横传：读到的情况或下一持有人与传阅环节不符。",
                kept=True,
            ),
            remind("A leg is overdue.", "传阅环节逾期。", kept=True),
        ),
    ),
    Clause(
        "c.4",
        "Briefings: the rules on recording and notes are stated in advance; no wireless microphones; listeners are "
        "registered.",
        "传达涉密内容，须事先宣布可否记录、录音、录像；不得使用无线话筒等无保密措施的设备；听传达人员须登记。",
        "letter c",
        (
            record(
                "The briefing sheet: rules, attendees, declaration of equipment.",
                "传达登记单：保密要求、参加人员、设备申报。",
                kept=True,
            ),
            refuse("An attendee outside the scope.", "参加人员不在知悉范围内的，不予登记。", kept=True),
        ),
    ),
    Clause(
        "c.5",
        "Borrowing: a valid identity, the procedure, a prompt return.",
        "借阅涉密载体须凭有效证件、履行借阅手续，用毕及时归还。",
        "letter c",
        (
            record(
                "Identity confirmed at the desk: password, or badge where there is a reader.",
                "在借阅台核实身份：口令，或在有读卡器处刷证。",
                kept=True,
            ),
            refuse(
                "Without clearance, outside the scope, or with overdue loans.",
                "涉密等级不够、不在知悉范围内，或有逾期未还的，不得借出。",
                kept=True,
            ),
            remind("Due, overdue, escalated until settled.", "到期提醒、逾期催还、逐级上报，直至了结。", kept=True),
            detect(
                "Back in store but not returned on the books; gone from its place but not lent.",
                "物已归架而账未归还；物已离架而账未借出。",
                kept=True,
            ),
        ),
        internal=True,
    ),
    # Letter d, copying.
    Clause(
        "d.1",
        "Copying needs the approval of the producing or issuing authority.",
        "复制涉密载体须经制发机关、单位批准。",
        "letter d",
        (refuse("Copying without that approval.", "未经批准的，不予复制登记。", kept=True),),
    ),
    Clause(
        "d.2",
        "Coded telegrams are not copied outside the cipher department.",
        "密码电报，非机要部门不得复制。",
        "letter d",
        (refuse("By the kind of carrier.", "按载体种类，非机要部门一律不予复制。", kept=True),),
    ),
    Clause(
        "d.3",
        "A business unit copies only with the licence to reproduce carriers of state secrets.",
        "经营单位无《国家秘密载体复制许可证》，不得复制涉密载体。",
        "letter d",
        (refuse("The licence is missing or expired.", "无许可证或许可证过期的，不予办理。", kept=True),),
    ),
    Clause(
        "d.4",
        "Copies are registered and treated as the original.",
        "复制件须办理登记手续，并视同原件管理。",
        "letter d",
        (
            record(
                "Each copy is a carrier descended from its original, tagged and counted.",
                "每份复制件都是一件载体，注明原件，贴标签并计数。",
                kept=True,
            ),
        ),
        internal=True,
    ),
    Clause(
        "d.5",
        "A copy, an excerpt or a quotation keeps the level and period of the original.",
        "复制、摘录、引用涉密内容，不得擅自改变原件的密级和保密期限。",
        "letter d",
        (
            refuse(
                "A lower level or a shorter period; the scope is inherited.",
                "密级低于原件或期限短于原件的，不予登记；知悉范围随原件。",
                kept=True,
            ),
        ),
    ),
    Clause(
        "d.6",
        "Compilations need the authority's approval.",
        "汇编涉密载体，须经有权机关、单位批准。",
        "letter d",
        (
            refuse(
                "Without the approval; a compilation takes the highest level, the longest period and the narrowest "
                "common scope of its sources.",
                "未经批准的，不予登记；汇编件取各来源中最高密级、最长期限和共同的最小知悉范围。",
                kept=True,
            ),
        ),
    ),
)
