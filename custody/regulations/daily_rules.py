"""Numbers 1 to 9: the daily rules."""

from custody.regulations.model import Clause, detect, prove, record, refuse, remind

CLAUSES = (
    Clause(
        "1",
        "Disclosure has its procedure: who discloses, reviews.",
        "信息公开须经保密审查，坚持“谁公开、谁审查”。",
        "rule 1",
        as_of=("i.2",),
    ),
    Clause(
        "2",
        "Nothing secret on the Internet; documents are not taken home or out, except by the borrowing procedure.",
        "涉密不上网，上网不涉密；涉密文件不得带回家中或带往公共场所，确需在办公室以外阅用的，须办理借阅手续。",
        "rule 2",
        (
            prove(
                "No request leaves the own hosts; notices and messages never carry titles.",
                "任何请求不出本机构的主机；通知和消息不带载体名称。",
                kept=True,
            ),
        ),
        as_of=("c.2", "c.5", "e.1"),
    ),
    Clause(
        "3",
        "No carriers or confidential computers at home; no talk of secrets there.",
        "严禁将涉密文件、涉密计算机和涉密移动存储介质带回家中；不得在家中谈论涉密事项，不得随意扩大知悉范围。",
        "rule 3",
        (refuse("Home as a place of use.", "使用地点为家中的，不予办理。", kept=True),),
        as_of=("e.1", "j.2"),
    ),
    Clause(
        "4",
        "Phones and secrets do not mix.",
        "不得用手机谈论、拍摄、存储、传输、发布涉密或敏感信息。",
        "rule 4",
        (
            record(
                "The deposit of phones is asked for at entry (j.1); pages say so where content is handled.",
                "进入时登记手机寄存（j.1）；处理涉密内容的页面予以提示。",
                kept=True,
            ),
        ),
    ),
    Clause(
        "5",
        "Places have a system of responsibility and people are reminded often; no phones, no video calls there.",
        "涉密场所落实保密工作责任制，经常提醒涉密人员；严禁携带手机进入，禁止在涉密场所视频通话。",
        "rule 5",
        (
            record(
                "Each place has a responsible person, who accepts it by signature; a declaration at entry.",
                "每处场所有保密责任人，签字确认；进入时申报。",
                kept=True,
            ),
            remind("The recurring reminder, acknowledged.", "定期保密提醒，须签收确认。", kept=True),
        ),
    ),
    Clause(
        "6",
        "Copying is approved; circulation stays within the scope.",
        "复制涉密文件须严格履行审批手续；传阅限于规定的知悉范围，不得擅自扩大。",
        "rule 6",
        as_of=("d.1", "d.2", "d.3", "d.4", "d.5", "d.6", "c.3"),
    ),
    Clause(
        "7",
        "Urgent does not mean careless.",
        "急件不“忙中出错”：严禁拍照转发、截屏外传，严禁在办公场所以外复印、扫描。",
        "rule 7",
        (
            refuse(
                '"Urgent" shortens deadlines and never skips a step; copying or scanning outside a rated place.',
                "“加急”只缩短时限，不减少环节；在未定保密等级的场所复印、扫描的，不予办理。",
                kept=True,
            ),
            record(
                "Exports and prints carry the name of who made them; the ban on photographs and screenshots is "
                "acknowledged.",
                "导出和打印件带有经办人姓名；禁止拍照、截屏的要求须签收确认。",
                kept=True,
            ),
        ),
    ),
    Clause(
        "8",
        "Transfers go by procedure; personal data is protected.",
        "传递重要信息须按程序办理，依法保护公民个人信息；不得在工作群随意发布、转发。",
        "rule 8",
        (
            prove(
                "Personal data of staff is shown only to the roles that need it.",
                "工作人员个人信息只向确有需要的角色显示。",
                kept=True,
            ),
            record("Exports.", "导出留有记录。", kept=True),
        ),
        as_of=("j.2",),
    ),
    Clause(
        "9",
        "Cleaning: cleaners register before entry, papers are put away first, windows are open for ventilation.",
        "场所保洁、消毒不涉密：保洁人员进入前须登记，文件先收好，开窗通风。",
        "rule 9",
        (
            record("The entry register for cleaning.", "保洁进入登记。", kept=True),
            refuse("Entry while the room is not clear.", "未清场的，不予进入。", kept=True),
            detect(
                "The room-clear check counts carriers still seen or issued in the room: a go or no-go slip.",
                "清场检查：清点室内仍被听到或仍在用的载体，出具可进入或不可进入单。",
                kept=True,
            ),
        ),
    ),
)
