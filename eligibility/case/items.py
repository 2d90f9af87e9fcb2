"""The items a person's lists hold: incomes, impairments, benefits received elsewhere, situations, parents.

What a list says about a day is decided by `in_force`: an item that starts later has not begun, one whose end or term is
over has ended.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal

from dateutil.relativedelta import relativedelta
from pydantic import BeforeValidator, ConfigDict, Field

from .fields import (
    Amount,
    Category,
    CertificateCategory,
    CertificateNumber,
    Dated,
    Day,
    Grade,
    Items,
    Label,
    Model,
    Period,
    SignedAmount,
    TermMonths,
    Truth,
    field,
    word,
)

NotCountedKind = Annotated[Literal["宗教教职", "服刑", "强制隔离戒毒", "宣告失踪"], BeforeValidator(word)]
StatusKind = Annotated[Literal["特困", "困补"], BeforeValidator(word)]
Basis = Annotated[Literal["申报", "核实"], BeforeValidator(word)]
DeductionKind = Annotated[
    Literal["必要就业成本", "社会保险费", "个人所得税", "赡养抚养支出"], BeforeValidator(word)
]
OtherBenefitKind = Annotated[
    Literal[
        "工伤生活护理",
        "离休护理",
        "残疾军人护理",
        "因公致残返城知青护理",
        "见义勇为护理",
        "失能老年人护理",
        "高龄津贴",
        "长护险",
        "机构补助",
        "其他",
    ],
    BeforeValidator(word),
]
Nature = Annotated[Literal["生活", "护理"], BeforeValidator(word)]
Care = Annotated[Literal["机构", "散居", "寄养", "随父母"], BeforeValidator(word)]
ParentStatus = Annotated[Literal["已知", "未知", "查找不到"], BeforeValidator(word)]
CircumstanceKind = Annotated[
    Literal[
        "死亡",
        "宣告死亡",
        "宣告失踪",
        "失联",
        "服刑",
        "强制隔离戒毒",
        "其他限制人身自由",
        "重病",
        "撤销监护资格",
        "遣送出境",
        "未履行监护",
    ],
    BeforeValidator(word),
]


class Spell(Dated):
    """A situation with a beginning and perhaps a term, after which it is over unless `until` says otherwise."""

    since: Day | None = field(
        "起始日期", "这一情形开始的日期", question="这一情形从哪一天开始？", paper="判决书、决定书或证明"
    )
    term_months: TermMonths | None = field(
        "期限月数",
        "判决或决定的期限（月）；期满即视为结束，另写失效日期的以失效日期为准",
        question="期限是几个月？",
        paper="判决书或决定书",
    )

    def in_force(self, day: date) -> bool:
        """Whether the situation has begun and is not over on a day."""
        if not Dated.in_force(self, day) or (self.since is not None and day < self.since):
            return False
        if self.until is not None or self.since is None or self.term_months is None:
            return True
        return day < self.since + relativedelta(months=self.term_months)


class NotCounted(Spell):
    """A reason why a member may not count as living with the household."""

    model_config = ConfigDict(title="不计入情形")
    bare: ClassVar[str | None] = "kind"
    kind: NotCountedKind = field("种类", "宗教教职、服刑、强制隔离戒毒或宣告失踪", required=True)


class Status(Dated):
    """A status of the person under another programme."""

    model_config = ConfigDict(title="身份")
    bare: ClassVar[str | None] = "kind"
    kind: StatusKind = field("种类", "特困或困补", required=True)


class SeriousIllness(Dated):
    """A serious illness; before the day it was certified it does not count."""

    model_config = ConfigDict(title="重大疾病")
    bare: ClassVar[str | None] = "illness"
    illness: Label | None = field("病种", "疾病名称；没有规则读它", sensitive=True)
    certified: Day | None = field("诊断日期", "医疗机构诊断的日期")

    def in_force(self, day: date) -> bool:
        """Whether the illness has been certified and is not over on a day."""
        return Dated.in_force(self, day) and (self.certified is None or self.certified <= day)


class Income(Dated):
    """An income of one kind, per month, quarter or year."""

    model_config = ConfigDict(title="收入")
    kind: Label = field("种类", "收入种类，规则集的收入种类之一，如 工资性收入", required=True)
    amount: SignedAmount | None = field("金额", "每个周期的金额（元）；只有经营净收入可以为负")
    period: Period = field("周期", "月、季或年；不写为月", default="月")
    basis: Basis | None = field("认定方式", "申报或核实")
    central_share: Amount | None = field("中央部分", "城乡基础养老金中每月由中央确定的部分（元）")
    payer: Label | None = field("来源", "谁发的，如 用人单位")


class Deduction(Dated):
    """An expense that is taken off the income."""

    model_config = ConfigDict(title="扣除")
    kind: DeductionKind = field("种类", "必要就业成本、社会保险费、个人所得税或赡养抚养支出", required=True)
    amount: Amount | None = field("金额", "每个周期的金额（元）")
    period: Period = field("周期", "月、季或年；不写为月", default="月")


class Disability(Dated):
    """One impairment: its category together with its grade."""

    model_config = ConfigDict(title="残疾")
    category: Category = field("类别", "残疾类别", required=True)
    grade: Grade = field("等级", "残疾等级", required=True)


class DisabilityCertificate(Dated):
    """The disability certificate; its number repeats the holder, the category and the grade."""

    model_config = ConfigDict(title="残疾证")
    number: CertificateNumber | None = field("残疾证号", "20 位，补发的后面加 B 和次数", sensitive=True)
    category: CertificateCategory | None = field(
        "类别", "证上的残疾类别", question="残疾证上的类别是什么？", paper="残疾人证"
    )
    grade: Grade | None = field("等级", "证上的残疾等级", question="残疾证上的等级是几级？", paper="残疾人证")


class OtherBenefit(Dated):
    """A monthly benefit from another scheme, for living or for nursing."""

    model_config = ConfigDict(title="其他待遇")
    kind: OtherBenefitKind = field("种类", "哪一种待遇", required=True)
    nature: Nature | None = field("性质", "生活类或护理类")
    amount: Amount | None = field("金额", "每月金额（元）")


class Circumstance(Spell):
    """What keeps a parent from caring for the child."""

    model_config = ConfigDict(title="父母情形")
    bare: ClassVar[str | None] = "kind"
    kind: CircumstanceKind = field("种类", "父或母的情形", required=True)
    police_receipt: Truth | None = field(
        "报警回执", "失联有没有公安机关的报警回执", question="有没有公安机关的报警回执？", paper="报警回执"
    )


class Parent(Model):
    """One of the two parents of a child; a parent who is not listed is wholly unknown."""

    model_config = ConfigDict(title="父母")
    reference: Label | None = field("成员编号", "父或母也是家庭成员时，其成员编号")
    status: ParentStatus | None = field(
        "父母状况",
        "已知、未知（身份不明）或查找不到；这里的“未知”是一种状况，信息缺失写 unknown 或不写",
        question="孩子的父亲（母亲）身份是否已知、能否找到？",
        paper="出生医学证明、户口簿或查找证明",
    )
    circumstances: Items[Circumstance] | None = field(
        "父母情形",
        "死亡、失联、服刑等情形；都没有写 []",
        question="孩子的父亲（母亲）有没有死亡、失联、服刑、重病等情形，从什么时候起？",
        paper="死亡证明、判决书、报警回执或诊断证明",
    )
    disabilities: Items[Disability] | None = field(
        "残疾",
        "残疾类别和等级；没有写 []",
        question="孩子的父亲（母亲）有没有残疾，什么类别、几级？",
        paper="残疾人证",
    )


class Child(Model):
    """What child programmes ask about a child."""

    model_config = ConfigDict(title="儿童")
    foundling: Truth | None = field(
        "弃婴", "是不是查找不到生父母的弃婴", question="是不是弃婴？", paper="公安机关捡拾证明"
    )
    care: Care | None = field(
        "养育方式", "机构、散居、寄养或随父母", question="孩子由谁养育？", paper="养育情况说明"
    )
    adopted: Truth | None = field("已收养", "是否已被收养", question="是否已办理收养？", paper="收养登记证")
    hiv: Truth | None = field(
        "艾滋病病毒感染",
        "是否感染艾滋病病毒",
        question="是否感染艾滋病病毒？",
        paper="医疗机构证明（保密）",
        sensitive=True,
    )
    parents: Annotated[tuple[Parent, ...], Field(max_length=2)] | None = field(
        "父母", "至多两位；没有列出的一位完全未知"
    )
