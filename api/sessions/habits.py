"""What people who write Chinese choose for a password: pinyin, names with dates, numbers that sound like words.

Made by rule from a few seeds, the most usual first, since the place in the list is how soon it is guessed. English
words and what has leaked elsewhere is in zxcvbn's own lists.
"""

from collections.abc import Iterator
from functools import cache
from itertools import product

_WORDS = """
我爱你 密码 中国 我的密码 爱你一生一世 我想你 老婆我爱你 老公我爱你 宝贝 亲爱的 你好 管理员 保密 保密办 机要
机要室 档案 登记 绝密 机密 秘密 内部 单位 研究院 系统 中华人民共和国 为人民服务 共产党 毛主席 解放军 新中国
祖国 人民 北京 上海 天津 重庆 广州 深圳 南京 武汉 成都 西安 杭州 沈阳 长春 哈尔滨 大连 青岛 长沙 郑州
一帆风顺 万事如意 恭喜发财 心想事成 身体健康 平安 幸福 快乐 生日快乐 新年快乐 努力 加油 天天向上 好好学习
好好工作 大家好 老师 同学 妈妈 爸爸 儿子 女儿 老婆 老公 苹果 熊猫 长城 长江 黄河 太阳 月亮 春天 夏天 秋天
冬天 春眠不觉晓 床前明月光 处处闻啼鸟 白日依山尽 黄河入海流 但愿人长久 千里共婵娟 飞流直下三千尺
天生我材必有用
""".split()  # noqa: SIM905  # a list of words reads as one
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
    "姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严武戴莫孔向汤"
)
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂英华玉兰文红建国志辉鹏飞宇浩婷雪梅琳欣怡子轩雨桐"
_NUMBERS = """
5201314 520 1314 1314520 5211314 521 7758521 7758258 168 888888 666666 518518 147258369 147258 159357
741852963 789456123 963852741 110 119 120 12306 10086
""".split()  # noqa: SIM905  # a list of words reads as one
_ROWS = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")
_TAILS = ("", "123", "1234", "123456", "520", "1314", "888", "666", "8", "1", "abc")


def _pinyin(text: str) -> str:
    from pypinyin import lazy_pinyin  # its lists are read only where a pass-phrase is chosen

    return "".join(lazy_pinyin(text))


def _initials(text: str) -> str:
    from pypinyin import Style, lazy_pinyin

    return "".join(lazy_pinyin(text, style=Style.FIRST_LETTER))


def _walks() -> Iterator[str]:
    """Down the columns of a keyboard and back, one to ten of them; and its rows begun from the left."""
    columns = ["".join(row[at] for row in _ROWS if at < len(row)) for at in range(10)]
    for many in range(2, 7):
        down = columns[:many]
        yield "".join(down)
        yield "".join(column[::-1] for column in down)
        yield "".join(column if at % 2 == 0 else column[::-1] for at, column in enumerate(down))
        yield "".join(column[1:] for column in down)
        yield "".join(row[:many] for row in _ROWS[1:])
        yield "".join(row[:many] for row in _ROWS)


def _made() -> Iterator[str]:
    yield from _NUMBERS
    for word in _WORDS:
        yield from (word, _pinyin(word), _initials(word))
    yield from _walks()
    for word, tail in product(_WORDS, _TAILS[1:]):
        yield _pinyin(word) + tail
    names = {character: _pinyin(character) for character in _SURNAMES + _GIVEN}
    for surname, given in product(_SURNAMES, _GIVEN):
        yield names[surname] + names[given]
    for surname, one, other in product(_SURNAMES[:20], _GIVEN[:20], _GIVEN[:20]):
        yield names[surname] + names[one] + names[other]


@cache
def habits() -> tuple[str, ...]:
    """The list, each once, the most usual first. Words of two letters say nothing and are left out."""
    return tuple(dict.fromkeys(word for word in _made() if len(word) > 2 or not word.isascii()))


def in_pinyin(text: str) -> str:
    """The text with its Chinese characters in pinyin."""
    return _pinyin(text)
