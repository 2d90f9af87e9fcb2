"""A small law that reads a fact of every kind at every level, and a population that knows and lacks each of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

from eligibility import Month, load_ruleset
from eligibility.case import Case, Context, case_from_data
from eligibility.ruleset import Edition, Ruleset

HOUSEHOLD_FACTS = ("货币财产", "住房套数", "赡养抚养费", "区县", "单亲", "采暖核准日期")
PERSON_FACTS = ("本市户籍", "出生日期", "视力等级", "稳定收入月额", "必要就业成本", "父母状况")
MONTH = Month("2025-08")

_PARAMETERS = """
线:
  unit: 元
  values:
    - {from: "2015-01", value: "1.00", provenance: derived}
小线:
  unit: 元
  values:
    - {from: "2015-01", value: "0.05", provenance: derived}
"""
_HOUSEHOLD = """
programme: help
name: 帮扶
kind: cash
for: 家庭
choose: highest
coverage: {from: "2015-01"}
uses: []
criteria:
  H-ASSETS:
    title: 财产
    test: 货币财产 < 线
  H-LOCAL:
    title: 户籍
    test: any(成员, 本市户籍)
  H-HOMES:
    title: 住房
    test: 住房套数 <= 1
  H-DISTRICT:
    title: 区县
    test: 区县 == "110112"
  H-SINGLE:
    title: 单亲
    test: 单亲
  H-SUPPORT:
    title: 赡养
    test: 赡养抚养费 < 小线
  H-HEATING:
    title: 采暖
    test: years(采暖核准日期) < 3
exclude:
  H-X-HOMES:
    title: 住房过多
    test: 住房套数 > 3
routes:
  甲:
    when: [H-ASSETS, H-LOCAL, H-HOMES]
    amount: round_down(max(0, 线 * count(成员, 本市户籍) - 货币财产), "分")
  乙:
    when: [H-DISTRICT, {any: [H-SINGLE, H-SUPPORT, H-HEATING]}]
    amount: 线
"""
_PERSON = """
programme: grant
name: 津贴
kind: cash
for: 成员
who: 本市户籍
choose: first
coverage: {from: "2015-01"}
uses: [帮扶.符合]
criteria:
  P-SIGHT:
    title: 视力
    test: 视力等级 in ("一级", "二级")
  P-MINOR:
    title: 未成年
    test: years(出生日期) < 18
  P-INCOME:
    title: 收入
    test: 稳定收入月额 < 线
  P-COST:
    title: 成本
    test: 必要就业成本 < 小线
  P-PARENTS:
    title: 父母
    test: all(父母, 父母状况 == "已知")
  P-HELPED:
    title: 受帮扶
    test: 帮扶.符合
routes:
  甲:
    when: [P-SIGHT, {any: [P-MINOR, P-PARENTS]}, P-INCOME]
    amount: round_half_up(max(0, (线 - 稳定收入月额) / 3), "分")
  乙:
    when: [P-COST, P-HELPED]
    amount: 小线
"""


def write_law(
    folder: Path, programmes: Sequence[str] = (_HOUSEHOLD, _PERSON), definitions: str = "{}"
) -> Ruleset:
    """The small law, or its figures with other programmes and definitions."""
    files = {"parameters.yaml": _PARAMETERS, "definitions.yaml": definitions}
    files |= {f"p{number}.yaml": text for number, text in enumerate(programmes)}
    head = f'ruleset: small\ntitle: 小\ncoverage: {{from: "2015-01"}}\nfiles: [{", ".join(files)}]\n'
    for name, text in {**files, "ruleset.yaml": head}.items():
        (folder / name).write_text(text, "utf-8")
    return load_ruleset(folder)


def population(count: int = 60, *, lacking: str = "", seed: int = 7) -> list[Case]:
    """Households drawn from a seed, every amount at most 1.27 yuan; nobody knows the fact `lacking`.

    A seventh of all cells is unknown. The last member of some households is not born yet.
    """
    random = Random(seed)
    return [_household(random, lacking) for _ in range(count)]


def contexts(edition: Edition, cases: Sequence[Case]) -> list[Context]:
    """The cases in the edition's month."""
    return [Context(case, edition.month) for case in cases]


def _household(random: Random, lacking: str) -> Case:
    cells = _known(random, lacking, {
        "货币财产": f"{random.choice((0, 50, 99, 100, 101, 127)) / 100:.2f}",
        "住房套数": [{} for _ in range(random.choice((0, 1, 1, 2, 4)))],
        "赡养抚养费": [{"关系": "长子", "金额": f"0.0{random.choice((4, 5, 6))}", "有能力": "是"}],
        "区县": random.choice(("110112001001", "110101001001", "310101001001")),
        "单亲": random.choice(([], ["单亲"])),
        "采暖核准日期": {"核准日期": f"{random.randint(2018, 2025)}-0{random.randint(1, 9)}-01"},
    })  # fmt: skip
    household = {_FIELDS.get(name, name): value for name, value in cells.items()}
    members = [_person(random, lacking, number) for number in range(random.randint(1, 5))]
    if random.random() < 0.2:
        members[-1] = {"编号": members[-1]["编号"], "出生日期": "2026-01-01"}
    return case_from_data({"家庭": household, "成员": members})


def _person(random: Random, lacking: str, number: int) -> dict[str, Any]:
    grade = random.choice(("一级", "二级", "三级", "四级", None))
    cells = _known(random, lacking, {
        "本市户籍": random.random() < 0.7,
        "出生日期": f"{random.choice((1950, 1990, 2007, 2008, 2015))}-0{random.randint(7, 9)}-01",
        "视力等级": [] if grade is None else [{"类别": "视力", "等级": grade}],
        "稳定收入月额": f"{random.choice((0, 50, 99, 100, 101, 127)) / 100:.2f}",
        "必要就业成本": [{"种类": "必要就业成本", "金额": f"0.0{random.choice((4, 5, 6))}"}],
        "父母状况": [{"父母状况": random.choice(("已知", "未知", "查找不到"))} for _ in range(2)],
    })  # fmt: skip
    parents = cells.pop("父母状况", [{}])
    person = {_FIELDS.get(name, name): value for name, value in cells.items()}
    return {"编号": str(number + 1), **person, "儿童": {"父母": parents}}


_FIELDS = {
    "住房套数": "住房",
    "赡养抚养费": "赡养抚养义务人",
    "区县": "地区",
    "单亲": "家庭情形",
    "采暖核准日期": "采暖",
    "视力等级": "残疾",
    "必要就业成本": "扣除",
}


def _known(random: Random, lacking: str, cells: dict[str, Any]) -> dict[str, Any]:
    """The cells that are known. Draws once for each, so that lacking one changes no other."""
    drawn = {name: random.random() > 1 / 7 for name in cells}
    return {name: value for name, value in cells.items() if drawn[name] and name != lacking}
