"""Every single way in which a row contradicts itself is suspected, each alone, and each is one that `case_of` refuses."""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from eligibility.errors import InputError
from eligibility.quantities import MAX_FEN, Month
from eligibility.register.cases import case_of
from eligibility.register.columns import paid_column, register_columns
from eligibility.register.flat import tables
from eligibility.register.schema import schema_of
from eligibility.register.suspicion import suspicious
from eligibility.ruleset import Ruleset
from eligibility.values import Level
from tests.strategies import identity_number

OLD, YOUNG = date(1960, 5, 1), date(1990, 1, 1)
MAN, OTHER_MAN, WOMAN = (identity_number(YOUNG, order) for order in (1, 3, 2))
Data = dict[str, Any]


def row(*members: Data, **household: Any) -> Data:
    return {
        "家庭编号": "1",
        **household,
        "成员": [{"成员编号": str(n), **m} for n, m in enumerate(members, 1)],
    }


DECLARED = {"声明": "未列事项均无"}
ALL = ("低保", "低收入", "低保边缘")
PERSONAL = ("特困", "单人保", "重病补助", "困境儿童", "生活补贴", "护理补贴")

WRONG: dict[str, Data] = {
    "同一编号": row({}, {"成员编号": "1"}),
    "编号为无": row({"成员编号": "无"}),
    "同一身份证号": row({"身份证号": MAN}, {"身份证号": MAN}),
    "身份证号在残疾证号里": row({"身份证号": MAN}, {"残疾证号": f"{MAN}41"}),
    "别人的残疾证": row({"身份证号": MAN, "残疾证号": f"{OTHER_MAN}41"}),
    "出生日期": row({"身份证号": MAN, "出生日期": OLD}),
    "残疾证号里的出生日期": row({"残疾证号": f"{MAN}41", "出生日期": OLD}),
    "男": row({"身份证号": WOMAN, "性别": "男"}),
    "女": row({"身份证号": MAN, "性别": "女"}),
    "死在生前": row({"身份证号": MAN, "死亡日期": OLD}),
    "残疾两级": row({"残疾": "肢体一级、肢体二级"}),
    "父母残疾两级": row({"父母2.残疾": "肢体一级、肢体二级"}),
    "证号的类别": row({"残疾证号": f"{MAN}41", "残疾证类别": "视力"}),
    "证号的等级": row({"残疾证号": f"{MAN}41", "残疾证等级": "二级"}),
    "有类别无等级": row({"残疾证类别": "视力"}),
    "有等级无类别": row({"残疾证等级": "二级"}),
    "有证无残疾": row({"残疾证": "有", "残疾": "无"}),
    "证上的类别没有列": row({"残疾证类别": "视力", "残疾证等级": "一级", "残疾": "肢体一级"}),
    "证上的等级不同": row({"残疾证号": f"{MAN}41", "残疾": "肢体二级"}),
    "多重而没有残疾": row({"残疾证类别": "多重", "残疾证等级": "一级", "残疾": "无"}),
    "两个户主": row({"与户主关系": "户主"}, {"与户主关系": "户主"}),
    "两个申请人": row({"与申请人关系": "本人"}, {"与申请人关系": "本人"}),
    "户主申请而关系不同": row(
        {"与户主关系": "户主", "与申请人关系": "本人"}, {"与户主关系": "子女", "与申请人关系": "配偶"}
    ),
    "子女比户主大": row({"与户主关系": "户主", "出生日期": YOUNG}, {"与户主关系": "子女", "出生日期": OLD}),
    "孙子女与户主同日": row(
        {"与户主关系": "户主", "身份证号": MAN}, {"与户主关系": "孙子女", "出生日期": YOUNG}
    ),
    "父母比申请人小": row(
        {"与申请人关系": "本人", "出生日期": OLD}, {"与申请人关系": "父母", "出生日期": YOUNG}
    ),
    "抚养人不在": row({"抚养人": "9"}),
    "抚养人是自己": row({"抚养人": "1"}),
    "没有抚养人却有生日": row({"抚养人": "无", "抚养人出生日期": OLD}),
    "抚养人的生日": row({"抚养人": "2", "抚养人出生日期": OLD}, {"身份证号": MAN}),
    "不共同生活却有起始": row({"共同生活": False, "共同生活起始": OLD}),
    "非本市户籍却有迁入": row({"本市户籍": False, "户籍迁入日期": OLD}),
    "父母不在": row({"父母1.成员编号": "9"}),
    "父母为无": row({"父母1.成员编号": "无"}),
    "父母是自己": row({"父母2.成员编号": "1"}),
    "父母同一人": row({"父母1.成员编号": "2", "父母2.成员编号": "2"}, {}),
    "父母比自己小": row({"父母2.成员编号": "2", "出生日期": OLD}, {"出生日期": YOUNG}),
    "父母在户却查找不到": row({"父母1.成员编号": "2", "父母1.状况": "查找不到"}, {}),
    "没有服刑却有起始": row({"服刑起始": OLD, "不计入情形": "宗教教职"}),
    "没有情形却有刑期": row({"刑期月数": 3}),
    "父母没有失联却有回执": row({"父母2.失联报警回执": True, "父母2.情形": "死亡"}),
    "中央部分多于养老金": row({"收入.城乡基础养老金": 1, "城乡基础养老金中央部分": 2}),
    "其他补贴没有前提": row({"其他护理类补贴月额": 0}),
    "收入合计": row({"收入.养老金": MAX_FEN, "收入.工资性收入": 1}),
    "亏损合计": row({"收入.经营净收入": -MAX_FEN, "收入.工资性收入": 1}),
    "扣除合计": row({"必要就业成本": MAX_FEN, "个人所得税": 1}),
    "其他待遇合计": row(
        {"领取工伤生活护理费": False, "其他护理类补贴月额": MAX_FEN, "其他生活类补贴月额": 1}
    ),
    "成员领取而家庭空着": row({"在享待遇": "生活补贴"}),
    "成员写无而家庭空着": row({"在享待遇": "无"}),
    "成员月额没有项目": row({"在享月额.生活补贴": 1}, 在享待遇="无"),
    "成员起始没有项目": row({"在享待遇": "护理补贴", "在享起始.生活补贴": OLD}, 在享待遇="无"),
    "成员已发没有项目": row({"已发.生活补贴.2025-07": 1}, **DECLARED),
    "家庭月额没有项目": row({}, **{"在享月额.低保": 1}),
    "家庭已发没有项目": row({}, **{"在享待遇": "低收入", "已发.低保.2025-07": 1}),
    "在享月额合计": row({}, **{"在享待遇": "低保、低收入", "在享月额.低保": MAX_FEN, "在享月额.低收入": 1}),
    "成员在享月额合计": row(
        {"在享待遇": "特困、单人保", "在享月额.特困": MAX_FEN, "在享月额.单人保": 1}, 在享待遇="无"
    ),
    "在享待遇太多": row(*({"在享待遇": "、".join(PERSONAL)},) * 3, 在享待遇="、".join(ALL)),
    "面积没有套数": row({}, 住房面积=0),
    "零套有面积": row({}, 住房套数=0, 住房面积=1),
    "住房太多": row({}, 住房套数=21),
}
RIGHT: dict[str, Data] = {
    "有证，声明": row({"残疾证": "有"}, {"残疾证类别": "视力", "残疾证等级": "一级"}, **DECLARED),
    "一户": row(
        {"与户主关系": "户主", "与申请人关系": "本人", "身份证号": MAN},
        {"与户主关系": "配偶", "与申请人关系": "配偶", "身份证号": WOMAN, "共同生活": True, "共同生活起始": OLD},
        {"父母1.成员编号": "1", "父母2.成员编号": "2", "父母1.状况": "已知", "出生日期": date(2015, 3, 1)},
        **DECLARED,
    ),
    "残疾": row({"残疾证号": f"{MAN}41", "残疾": "肢体一级、视力二级", "残疾证类别": "肢体"}),
    "领取": row({"在享待遇": "生活补贴", "在享月额.生活补贴": 1, "已发.生活补贴.2025-07": 1}, 在享待遇="低保"),
    "钱": row({"收入.城乡基础养老金": 2, "城乡基础养老金中央部分": 2, "收入.养老金": MAX_FEN // 100}),
    "情形": row({"不计入情形": "服刑", "刑期月数": 3, "抚养人": "无"}, 住房套数=1, 住房面积=1),
}  # fmt: skip


def one_batch(data: Data, rules: Ruleset) -> pa.RecordBatch:
    month = Month("2025-07")
    extra = (paid_column("低保", month), paid_column("生活补贴", month, Level.PERSON))
    return pa.RecordBatch.from_pylist([data], schema=schema_of((*register_columns(rules), *extra)))


@pytest.mark.parametrize("name", WRONG)
def test_each_contradiction_alone_is_suspected(name: str, beijing: Ruleset) -> None:
    batch, kinds = one_batch(WRONG[name], beijing), tuple(beijing.income_kinds)
    with pytest.raises(InputError) as caught:
        case_of(batch.to_pylist()[0], kinds)
    assert len(caught.value.problems) == 1 or name in ("同一编号", "亏损合计")
    assert suspicious(tables(batch), kinds).tolist() == [True]


@pytest.mark.parametrize("name", RIGHT)
def test_households_that_fit_are_not_suspected(name: str, beijing: Ruleset) -> None:
    batch, kinds = one_batch(RIGHT[name], beijing), tuple(beijing.income_kinds)
    case_of(batch.to_pylist()[0], kinds)
    assert suspicious(tables(batch), kinds).tolist() == [False]


def test_only_the_household_itself_is_suspected(beijing: Ruleset) -> None:
    kinds = tuple(beijing.income_kinds)
    good = one_batch(RIGHT["一户"], beijing)
    batches = [good, one_batch(WRONG["抚养人不在"], beijing), good]
    together = pa.Table.from_batches(batches).unify_dictionaries().combine_chunks().to_batches()[0]
    assert suspicious(tables(together), kinds).tolist() == [False, True, False]


def test_too_many_kinds_of_income_make_everybody_suspect(beijing: Ruleset) -> None:
    kinds = [f"收入{number}" for number in range(21)]
    assert suspicious(tables(one_batch(RIGHT["钱"], beijing)), kinds).tolist() == [True]
