"""A person of the household (家庭成员): who they are, how they live, what they earn, what they can do.

Every fact but the id may be unknown. Facts that follow from others (birth date and sex from the identity number) need
not be typed; typed twice, they must agree.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, ConfigDict

from . import identity
from .fields import (
    Amount,
    Day,
    IdentityNumber,
    Items,
    Label,
    Model,
    RelationToApplicant,
    RelationToHead,
    Text,
    Truth,
    field,
    word,
)
from .items import (
    Child,
    Deduction,
    Disability,
    DisabilityCertificate,
    Income,
    NotCounted,
    OtherBenefit,
    SeriousIllness,
    Status,
)

Sex = Annotated[Literal["男", "女"], BeforeValidator(word)]
HukouKind = Annotated[Literal["城镇", "农村"], BeforeValidator(word)]
Education = Annotated[
    Literal["无", "学前", "小学", "初中", "高中", "中等职业", "专科", "本科", "硕士", "博士"],
    BeforeValidator(word),
]
WorkStatus = Annotated[
    Literal["就业", "灵活就业", "务农", "失业", "无业", "退休", "在校"], BeforeValidator(word)
]
WorkAbility = Annotated[Literal["有", "部分丧失", "完全丧失", "无"], BeforeValidator(word)]

_ID_CARD = "居民身份证"
_BOOKLET = "户口簿"
_RELATION = "户口簿、结婚证或出生医学证明"


NOBODY: Final = "无"
"""What `carer` says of a person who has none."""


class Person(Model):
    """Facts of one member of the household."""

    model_config = ConfigDict(title="成员")
    id: Label = field("编号", "在本个案中称呼这个人的词，如 母亲；不要用姓名或证件号", required=True)
    name: Text | None = field("姓名", "姓名；没有规则读它", sensitive=True)
    identity_number: IdentityNumber | None = field(
        "身份证号",
        "18 位居民身份证号；出生日期和性别由它得出",
        question="身份证号是多少？",
        paper=_ID_CARD,
        sensitive=True,
    )
    sex: Sex | None = field("性别", "男或女；写了身份证号可以不写", question="性别？", paper=_ID_CARD)
    birth_date: Day | None = field(
        "出生日期", "写了身份证号可以不写", question="出生日期是哪一天？", paper="居民身份证或出生医学证明"
    )
    relation_to_head: RelationToHead | None = field(
        "与户主关系", "与户主的关系", question="与户主是什么关系？", paper=_BOOKLET
    )
    relation_to_applicant: RelationToApplicant | None = field(
        "与申请人关系",
        "与申请人的关系；申请人就是户主时由与户主关系得出",
        question="与申请人是什么关系？",
        paper=_RELATION,
    )
    spouse: Label | None = field("配偶", "配偶的成员编号")
    guardian: Label | None = field("监护人", "监护人的成员编号")
    carer: Label | None = field(
        "抚养人", "抚养人的成员编号；没有抚养人写 无", question="由谁抚养？", paper=_RELATION
    )
    carer_birth_date: Day | None = field(
        "抚养人出生日期",
        "抚养人不是家庭成员时，抚养人的出生日期",
        question="抚养人的出生日期是哪一天？",
        paper="抚养人的居民身份证",
    )
    death_date: Day | None = field("死亡日期", "已去世的成员；自次月起不再是成员", paper="死亡医学证明")
    local_hukou: Truth | None = field(
        "本市户籍", "是不是本市户籍", question="是不是本市户籍？", paper=_BOOKLET
    )
    hukou_since: Day | None = field(
        "户籍迁入日期", "户籍迁入本市的日期", question="户籍哪一天迁入本市？", paper=_BOOKLET
    )
    hukou_kind: HukouKind | None = field(
        "户口性质", "城镇或农村", question="户口是城镇还是农村？", paper=_BOOKLET
    )
    settled_since: Day | None = field(
        "本市定居起始", "在本市定居的起始日期", question="从哪一天起在本市定居？", paper="居住证或居住证明"
    )
    lives_with_household: Truth | None = field(
        "共同生活", "是否与家庭共同生活", question="是否与家庭共同生活？", paper="居住情况说明"
    )
    lives_with_until: Day | None = field("共同生活截止", "自这一天起不再共同生活，如离婚、分户、迁出")
    lives_with_since: Day | None = field(
        "共同生活起始",
        "与家庭共同生活的起始日期",
        question="从哪一天起与家庭共同生活？",
        paper="结婚证或居住情况说明",
    )
    not_counted: Items[NotCounted] | None = field(
        "不计入情形",
        "宗教教职、服刑、强制隔离戒毒、宣告失踪；都没有写 []",
        question="有没有在宗教场所任教职、服刑、强制隔离戒毒或被宣告失踪，从什么时候起？",
        paper="判决书、决定书或宗教场所证明",
    )
    independent: Truth | None = field(
        "能独立生活", "能不能独立生活", question="能不能独立生活？", paper="就业或居住情况说明"
    )
    education: Education | None = field(
        "学历阶段", "正在读或已读完的阶段", question="在读或读完的是什么阶段？", paper="学生证或毕业证"
    )
    full_time: Truth | None = field(
        "全日制在读", "是不是全日制在读", question="是不是全日制在读？", paper="学校在读证明"
    )
    graduation: Day | None = field(
        "预计毕业日期", "预计毕业的日期", question="预计哪一天毕业？", paper="学校在读证明"
    )
    work_status: WorkStatus | None = field(
        "就业状况",
        "就业、失业、退休等",
        question="现在的就业状况是什么？",
        paper="劳动合同、失业登记或退休证",
    )
    work_ability: WorkAbility | None = field(
        "劳动能力", "劳动能力的程度", question="有没有劳动能力？", paper="劳动能力鉴定结论"
    )
    registered_unemployed: Truth | None = field(
        "登记失业", "是否办理失业登记", question="是否办理了失业登记？", paper="失业登记证明"
    )
    stable_income: Truth | None = field(
        "有稳定收入", "有没有稳定收入", question="有没有稳定收入？", paper="收入证明"
    )
    stable_income_amount: Amount | None = field(
        "稳定收入月额",
        "稳定收入每月金额（元）",
        question="稳定收入每月多少元？",
        paper="工资单或养老金发放记录",
    )
    statuses: Items[Status] | None = field(
        "身份", "特困、困补；都没有写 []", question="是不是特困人员或困补人员？", paper="救助供养证或困补证"
    )
    serious_illnesses: Items[SeriousIllness] | None = field(
        "重大疾病",
        "规定范围内的重大疾病；没有写 []",
        question="有没有患重大疾病，哪一天诊断？",
        paper="医疗机构诊断证明",
    )
    long_term_care: Truth | None = field(
        "长期照护",
        "需要六个月以上的长期照护",
        question="是否需要六个月以上的长期照护？",
        paper="残疾人照护评估结论",
    )
    incomes: Items[Income] | None = field(
        "收入",
        "各项收入，每项一条；没有收入写 []",
        question="有哪些收入，每月（季、年）多少元？",
        paper="收入证明、工资单或银行流水",
    )
    deductions: Items[Deduction] | None = field(
        "扣除",
        "必要就业成本和转移性支出；没有写 []",
        question="有没有就业成本、社会保险费、个税、赡养抚养支出？",
        paper="缴费凭证或支出凭证",
    )
    disabilities: Items[Disability] | None = field(
        "残疾",
        "残疾类别和等级，每类一条；没有残疾写 []",
        question="有没有残疾，什么类别、几级？",
        paper="残疾人证",
    )
    disability_list_complete: Truth | None = field(
        "残疾类别齐全",
        "写“否”表示没有列出的类别未知；不写按齐全计",
        question="残疾类别是否都列出来了？",
        paper="残疾人证",
    )
    disability_certificate: DisabilityCertificate | None = field(
        "残疾证", "残疾人证；类别和等级可以由证号得出", question="有没有残疾人证？", paper="残疾人证"
    )
    other_benefits: Items[OtherBenefit] | None = field(
        "其他待遇",
        "其他制度发的生活、护理类待遇；没有写 []",
        question="有没有领工伤护理、高龄津贴、长护险等待遇，每月多少元？",
        paper="待遇发放记录",
    )
    child: Child | None = field("儿童", "儿童保障项目要看的事项")

    @property
    def known_identity(self) -> str | None:
        """The identity number, typed or standing in the certificate number."""
        if self.identity_number is not None:
            return self.identity_number
        certificate = self.disability_certificate
        if certificate is None or certificate.number is None:
            return None
        return identity.certificate_holder(certificate.number)

    @property
    def known_birth_date(self) -> date | None:
        """The birth date, typed or derived from the identity number."""
        if self.birth_date is not None:
            return self.birth_date
        number = self.known_identity
        return None if number is None else identity.birth_date(number)

    @property
    def known_sex(self) -> str | None:
        """The sex, typed or derived from the identity number."""
        if self.sex is not None:
            return self.sex
        number = self.known_identity
        return None if number is None else identity.sex(number)
