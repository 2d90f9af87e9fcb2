"""The household: where it lives, what it owns, what it already receives, who supports it from outside.

Lists that are absent are unknown; a list written `[]` says that there is none. Everything here may stay unknown.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, ConfigDict

from ..quantities import Month
from .fields import Amount, Area, Count, Dated, Day, Items, Label, Model, Region, Truth, field, word

DwellingKind = Annotated[Literal["自有", "承租公房", "集体土地", "宅基地", "其他"], BeforeValidator(word)]
Tenure = Annotated[Literal["自有", "承租"], BeforeValidator(word)]
VehicleKind = Annotated[Literal["机动车", "大型农机具", "残疾人机动轮椅车"], BeforeValidator(word)]
VehicleUse = Annotated[Literal["残疾代步", "治病", "生产", "其他"], BeforeValidator(word)]
SituationKind = Annotated[Literal["单亲", "重大变故"], BeforeValidator(word)]
HeatingMode = Annotated[
    Literal["城市集中供热", "城市清洁能源分户", "农村煤改清洁能源", "燃煤自采暖", "其他"],
    BeforeValidator(word),
]


class Application(Model):
    """An application for one programme, and when it was decided."""

    model_config = ConfigDict(title="申请")
    programme: Label = field("项目", "待遇项目的编号或中文名称", required=True)
    month: Month | None = field("申请月份", "递交申请的月份", question="哪个月递交的申请？", paper="申请书")
    decision_month: Month | None = field(
        "决定月份", "审核确认的月份", question="哪个月审核确认？", paper="审核确认书"
    )


class Dwelling(Dated):
    """A dwelling the household owns or rents from a public landlord; a market tenancy is `rent` instead."""

    model_config = ConfigDict(title="住房")
    dwelling_kind: DwellingKind | None = field("住房类型", "住房的来历")
    tenure: Tenure | None = field("权属", "自有还是承租")
    area: Area | None = field("面积", '建筑面积或采暖面积，平方米，最多两位小数，如 "58.50"')


class Vehicle(Dated):
    """A motor vehicle or large farm machine."""

    model_config = ConfigDict(title="车辆")
    vehicle_kind: VehicleKind | None = field("车辆种类", "机动车、大型农机具或残疾人机动轮椅车")
    use: VehicleUse | None = field("用途", "残疾代步的机动车不计入机动车数")


class OtherProperty(Dated):
    """Property other than money, dwellings and vehicles."""

    model_config = ConfigDict(title="其他财产")
    property_kind: Label | None = field("财产种类", "是什么财产")
    amount: Amount | None = field("金额", "金额（元）")


class Situation(Dated):
    """A situation of the whole household."""

    model_config = ConfigDict(title="家庭情形")
    bare: ClassVar[str | None] = "kind"
    kind: SituationKind = field("种类", "单亲或重大变故", required=True)


class Heating(Model):
    """How the home is heated, for the heating subsidy of a season."""

    model_config = ConfigDict(title="采暖")
    mode: HeatingMode | None = field(
        "采暖方式", "住房的采暖方式", question="家里用什么方式采暖？", paper="供热合同或采暖缴费单"
    )
    area: Area | None = field(
        "面积", "采暖面积（平方米）", question="采暖面积是多少平方米？", paper="供热合同或房产证明"
    )
    season: Label | None = field("采暖季", '如 "2020-2021"', question="是哪个采暖季？", paper="采暖缴费单")
    approved: Day | None = field(
        "核准日期", "救助身份核准的日期", question="救助身份是哪一天核准的？", paper="审核确认书"
    )
    drawing_elsewhere: Count | None = field(
        "同住他处领取人数",
        "同住的人中已在别处领取采暖补助的人数",
        question="同住的人里有几人已在单位或别处领取采暖补助？",
        paper="单位证明",
    )


class Benefit(Dated):
    """A benefit already in payment; for a programme paid per person, `amount` is what each of `persons` gets."""

    model_config = ConfigDict(title="在享待遇")
    programme: Label = field("项目", "待遇项目的编号或中文名称", required=True)
    amount: Amount | None = field("金额", "每月金额（元）；按人发放的项目为每人每月")
    persons: tuple[Label, ...] | None = field("保障对象", "按人发放的项目：领取人的成员编号")
    route: Label | None = field("情形类别", "按哪一类情形享受")
    paid: dict[Month, Amount] | None = field("发放记录", "各月实际发放的金额：{月份: 金额}")


class Choice(Dated):
    """Which of several programmes that exclude each other was chosen."""

    model_config = ConfigDict(title="选择")
    between: Items[Label] = field("可选项目", "只能选其一的项目", required=True)
    chosen: Label = field("所选项目", "选了哪一个", required=True)


class Supporter(Dated):
    """Someone outside the household who owes support, with the declared or court-fixed monthly amount."""

    model_config = ConfigDict(title="赡养抚养义务人")
    relation: Label | None = field("关系", "与家庭的关系，如 长子")
    amount: Amount | None = field("金额", "约定或判决的每月金额（元）")
    able: Truth | None = field("有能力", "有没有能力给付；没有能力又没有约定金额的按零计")


class Household(Model):
    """Facts of the household as a whole (家庭)."""

    model_config = ConfigDict(title="家庭")
    region: Region | None = field(
        "地区",
        '居住地的 12 位区划代码，如 "110112000000"',
        question="家住哪个区、街道（乡镇）？",
        paper="居住证明",
    )
    applicant: Label | None = field(
        "申请人", "申请人的成员编号", question="由哪位家庭成员提出申请？", paper="申请书"
    )
    applications: Items[Application] | None = field("申请", "申请了哪些项目")
    dwellings: Items[Dwelling] | None = field(
        "住房",
        "自有和承租公房的住房；没有写 []；在市场上租房只写月租金",
        question="家里有哪些住房？",
        paper="不动产登记信息或承租合同",
    )
    vehicles: Items[Vehicle] | None = field(
        "车辆",
        "机动车和大型农机具；没有写 []",
        question="家里有没有机动车或大型农机具？",
        paper="车辆登记信息",
    )
    monetary_assets: Amount | None = field(
        "货币财产",
        "存款、有价证券、债权等合计（元）",
        question="存款、有价证券、债权等合计多少元？",
        paper="家庭经济状况核对授权书",
    )
    other_property: Items[OtherProperty] | None = field(
        "其他财产",
        "货币、住房、车辆以外的财产；没有写 []",
        question="有没有其他大额财产？",
        paper="家庭财产申报表",
    )
    rent: Amount | None = field(
        "月租金", "租住市场房屋的每月租金（元）", question="每月房租多少元？", paper="房屋租赁合同"
    )
    situations: Items[Situation] | None = field(
        "家庭情形",
        "单亲、重大变故；没有写 []",
        question="是不是单亲家庭？有没有发生重大变故？",
        paper="离婚证、死亡证明或情况说明",
    )
    heating: Heating | None = field("采暖", "采暖方式、面积、采暖季")
    benefits_in_payment: Items[Benefit] | None = field(
        "在享待遇",
        "已经在领的待遇；没有写 []",
        question="已经在领哪些救助或补贴，每月多少？",
        paper="待遇发放记录",
    )
    choices: Items[Choice] | None = field("选择", "只能选其一的项目中选了哪一个")
    supporters: Items[Supporter] | None = field(
        "赡养抚养义务人",
        "家庭以外的赡养、抚养、扶养义务人；没有写 []",
        question="家庭以外有没有赡养、抚养、扶养义务人，每月给多少？",
        paper="赡养（抚养、扶养）协议或判决书",
    )
