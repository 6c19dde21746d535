"""Exports in the shapes that handhelds give them: made here, after the shape of real ones."""

from collections.abc import Sequence

TAG, OTHER = "3414F4A2000000000000000A", "3414F4A2000000000000000B"
CHIP = "E280689420004015817F0001"


def item_test() -> str:
    """A desktop tool: remarks, its header within them, ISO times with an offset, most columns empty."""
    return (
        "// 11/22/2026 9:15:32 AM\n"
        "// ReaderName=hall-3.local, AntennaIDs=1\n"
        "// Timestamp, EPC, TID, Antenna, RSSI, Frequency, Hostname, PhaseAngle\n"
        f"2026-11-22T09:15:40.255-05:00, {TAG},,1,-65.5,927.25,hall-3.local,\n"
        f"2026-11-22T09:15:41.000-05:00, {OTHER},,2,-51,927.25,hall-3.local,\n"
    )


def speedway() -> str:
    """A fixed reader's gateway: microseconds since 1970 beside a local time, CR LF."""
    head = "antenna_port,epc,first_seen_timestamp,mac_address,peak_rssi,reader_name,tid,timestamp\r\n"
    line = f"{{}},{TAG},{{}},00:16:25:12:77:b9,-70,Gate,{CHIP},2026-11-22 11:42:08\r\n"
    return head + line.format(2, 1795347740956268) + line.format(3, 1795347740993717)


def android() -> str:
    """A handheld's app: a summary first, a column called none, no times."""
    return (
        "INVENTORY SUMMARY\nUNIQUE COUNT:,2\nTOTAL COUNT:,289\nREAD TIME:,00:00:04\n\n"
        f"none,TAG,COUNT,RSSI\n{TAG},{TAG},286,-35\n{OTHER},{OTHER},3,-61\n"
    )


def ios() -> str:
    """The same maker's app on another system: lone CR, no end to the last line."""
    return (
        "INVENTORY SUMMARY\rUNIQUE COUNT:,1\rTOTAL COUNT:,3\rREAD TIME:, 00:00:05 (HH:MM:SS)\r\r"
        f"TAG ID,COUNT\r{TAG.lower()},3"
    )


def german() -> str:
    """Semicolons, decimal commas, days with points, quotes."""
    line = '"{}";"{}";"22.11.2026 14:05:{}";"{}"\n'
    return '"Nr";"EPC";"Zeit";"RSSI"\n' + line.format(1, TAG, "09", "-65,5") + line.format(2, OTHER, "10", "-48,0")


def chinese() -> str:
    """Tabs, the header in Chinese on the third line, times in Chinese, blanks in the numbers."""
    spaced = " ".join(TAG[at : at + 4] for at in range(0, 24, 4))
    return (
        "清查导出\n操作员：甲\n序号\t标签号\t读取时间\t信号强度\t天线\n"
        f"1\t{spaced}\t2026年11月22日 14时05分09秒\t-6550\t1\n2\t{OTHER}\t2026/11/22 下午 2:05:10\t-4800\t1\n合计\t2\n"
    )


def bare() -> str:
    """No header at all, blanks between."""
    return f"{TAG} -61 1\n{OTHER} -52 1\n"


def halves() -> str:
    """Day and time of the day in columns of their own, first and last times of a read."""
    return f"Date|Time|Tag ID|Last seen|Count\n11/22/2026|2:05:09 PM|{TAG}|2026-11-22 14:07:09|12\n"


def many(rows: int, tags: int = 3_000) -> str:
    """A long sweep: reads a hundredth of a second apart."""
    lines = [
        f"{3414_0000_0000_0000 + at % tags:024X},{1_795_347_740_000_000 + at * 10_000},-{40 + at % 40}.5,{at % 4 + 1}"
        for at in range(rows)
    ]
    return "\n".join(["EPC,Timestamp,RSSI,Antenna", *lines])


ALL: Sequence[str] = (item_test(), speedway(), android(), ios(), german(), chinese(), bare(), halves())
