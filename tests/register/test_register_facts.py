"""Facts read from columns are the facts of the cases the rows stand for, cell for cell; normalising changes none."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eligibility.case import FACTS, Case, Context, Fact, income_fact, receipt_amount_fact, receipt_fact
from eligibility.case.fields import Category, Grade, choices
from eligibility.errors import InputError
from eligibility.quantities import MAX_FEN, Month
from eligibility.register.cases import case_of
from eligibility.register.columns import paid_column, register_columns
from eligibility.register.decoding import Decoder
from eligibility.register.facts import FactReader
from eligibility.register.normal import normalised
from eligibility.register.schema import register_schema, schema_of
from eligibility.ruleset import Ruleset, load_ruleset
from eligibility.values import Kind, Level, Value, date_key, span

from ..strategies import register_rows

BEIJING = load_ruleset("beijing")
KINDS = tuple(BEIJING.income_kinds)
PAID = [
    paid_column(text.name, Month("2025-07"), text.level)
    for text in BEIJING.programmes.values()
    if text.level is not Level.PARENT
]
SCHEMA = register_schema(BEIJING, PAID)
MONTHS = [
    Month(text) for text in ("2015-01", "2015-07", "2015-08", "2018-03", "2021-07", "2025-08", "2025-09")
]


def _facts(rules: Ruleset) -> dict[str, Fact]:
    facts = dict(FACTS)
    for kind in rules.income_kinds.values():
        facts[f"收入.{kind.name}"] = income_fact(kind.name, signed=kind.signed)
    for text in rules.programmes.values():
        for make in (receipt_fact, receipt_amount_fact):
            fact = make(text.id, text.name, text.level)
            facts[fact.name] = fact
    return facts


ALL = _facts(BEIJING)
READER = FactReader(ALL, BEIJING)


def value_of(fact: Fact, cell: Any) -> Value:
    """A cell of the reader's answer as a value of the fact."""
    if cell is None:
        return fact.unknown
    if fact.kind is Kind.ENUM:
        choices = frozenset(cell.split("|"))
        return cell if len(choices) == 1 else choices
    if fact.kind is Kind.DATE:
        return date_key(cell)
    if fact.kind is Kind.TRUTH:
        return bool(cell)
    if isinstance(cell, dict):
        return span(*(Fraction(cell[end], fact.denominator) for end in ("lo", "hi")))
    return Fraction(cell, fact.denominator)


def read_by_cases(case: Case, month: Month) -> dict[str, Value]:
    """Every fact of a case under the name of the reader's column, members by position."""
    context = Context(case, month)
    found: dict[str, Value] = {}
    for n, person in enumerate(case.members):
        found[f"{n} 在册"] = person in context.members
        for name, fact in ALL.items():
            if fact.level is Level.PERSON:
                found[f"{n} {name}"] = fact.read(person, context)
            elif fact.level is Level.PARENT:
                for number, parent in enumerate(context.parents(person), 1):
                    found[f"{n} 父母{number}.{name}"] = fact.read(parent, context)
    for name, fact in ALL.items():
        if fact.level is Level.HOUSEHOLD:
            found[name] = fact.read(None, context)
    return found


def read_by_columns(facts: pa.RecordBatch) -> Iterator[dict[str, Value]]:
    """The same of each household from the reader's answer."""
    for row in facts.to_pylist():
        found: dict[str, Value] = {}
        for n, member in enumerate(row["成员"]):
            found[f"{n} 在册"] = member["在册"]
            for name, fact in ALL.items():
                if fact.level is Level.PERSON:
                    found[f"{n} {name}"] = value_of(fact, member.get(name))
                elif fact.level is Level.PARENT:
                    for number in (1, 2):
                        column = f"父母{number}.{name}"
                        found[f"{n} {column}"] = value_of(fact, member.get(column))
        for name, fact in ALL.items():
            if fact.level is Level.HOUSEHOLD:
                found[name] = value_of(fact, row.get(name))
        yield found


def differences(one: dict[str, Value], other: dict[str, Value]) -> dict[str, tuple[Value, Value]]:
    assert one.keys() == other.keys()
    return {name: (one[name], other[name]) for name in one if one[name] != other[name]}


def batch_of(rows: list[dict[str, Any]], *, only_given: bool = False) -> pa.RecordBatch:
    """Rows as a batch, with all columns or with those that some row fills."""
    if not only_given:
        return pa.RecordBatch.from_pylist(rows, schema=SCHEMA)
    household = {title for row in rows for title in row}
    persons = {title for row in rows for member in row["成员"] for title in member}
    columns = [
        column
        for column in (*register_columns(BEIJING), *PAID)
        if column.title in (household if column.level is Level.HOUSEHOLD else persons)
    ]
    return pa.RecordBatch.from_pylist(rows, schema=schema_of(columns))


@given(
    st.lists(register_rows(BEIJING), min_size=1, max_size=4),
    st.lists(st.sampled_from(MONTHS), min_size=1, max_size=3),
    st.booleans(),
)
@settings(max_examples=50)
def test_facts_from_columns_are_those_of_the_cases(
    rows: list[dict[str, Any]], months: list[Month], only_given: bool
) -> None:
    stored = normalised(batch_of(rows, only_given=only_given), KINDS)
    facts = READER.over(stored)
    for month in months:
        answer = list(read_by_columns(facts.read(month)))
        for raw, kept, found in zip(rows, stored.to_pylist(), answer, strict=True):
            meant = read_by_cases(case_of(raw, KINDS), month)
            assert differences(meant, read_by_cases(case_of(kept, KINDS), month)) == {}
            assert differences(meant, found) == {}


@given(register_rows(BEIJING), register_rows(BEIJING), st.sampled_from(MONTHS))
@settings(max_examples=10)
def test_a_slice_is_read_by_itself(one: dict[str, Any], other: dict[str, Any], month: Month) -> None:
    both = normalised(batch_of([one, other]), KINDS)
    alone = READER.read(both.slice(1, 1), month)
    assert list(read_by_columns(alone)) == list(read_by_columns(READER.read(both, month)))[1:]


def cells(household: dict[str, Any], *members: dict[str, Any], month: str = "2025-08") -> dict[str, Any]:
    """The facts of one household as read from its normalised row."""
    row = {"家庭编号": "甲", **household, "成员": list(members or ({},))}
    facts = READER.read(normalised(batch_of([row]), KINDS), Month(month))
    (found,) = facts.to_pylist()
    return found


@pytest.mark.parametrize(
    ("since", "term", "month", "expected"),
    [
        (date(2025, 8, 1), None, "2025-08", True),
        (date(2025, 8, 2), None, "2025-08", False),
        (date(2025, 2, 1), 6, "2025-07", True),
        (date(2025, 2, 1), 6, "2025-08", False),
        (date(2025, 2, 2), 6, "2025-08", True),
        (date(2025, 2, 2), 6, "2025-09", False),
        (date(2025, 1, 31), 1, "2025-02", True),
        (date(2025, 1, 31), 1, "2025-03", False),
        (None, 6, "2030-01", True),
        (date(1960, 5, 1), 1200, "2060-04", True),
        (date(1960, 5, 1), 1200, "2060-05", False),
    ],
)
def test_a_term_is_over_on_its_day(since: date | None, term: int | None, month: str, expected: bool) -> None:
    own = {"不计入情形": "服刑", "服刑起始": since, "刑期月数": term}
    parent = {"父母1.情形": "服刑", "父母1.服刑起始": since, "父母1.刑期月数": term}
    (found,) = cells({}, {**own, **parent}, month=month)["成员"]
    assert found["本人服刑"] is found["父母1.服刑"] is expected
    assert found.get("本人刑期月数") == found.get("父母1.刑期月数") == (term if expected else None)
    assert found.get("本人服刑起始") == (since if expected else None)


@pytest.mark.parametrize(
    ("stands", "since", "until", "expected"),
    [
        (None, None, None, None),
        (True, None, None, True),
        (True, date(2025, 8, 2), None, False),
        (None, date(2025, 8, 1), None, True),
        (False, None, None, False),
        (True, None, date(2025, 8, 1), False),
        (True, None, date(2025, 8, 2), True),
        (None, None, date(2025, 8, 2), None),
    ],
)
def test_a_state_has_a_first_and_a_last_day(
    stands: bool | None, since: date | None, until: date | None, expected: bool | None
) -> None:
    person = {"共同生活": stands, "共同生活起始": since, "共同生活截止": until}
    (found,) = cells({}, person)["成员"]
    assert found.get("共同生活") is expected


@pytest.mark.parametrize(
    ("born", "died", "expected"),
    [
        (None, None, True),
        (date(2025, 8, 1), None, True),
        (date(2025, 8, 2), None, False),
        (date(1950, 1, 1), date(2025, 8, 1), True),
        (date(1950, 1, 1), date(2025, 7, 31), False),
        (None, date(2025, 7, 31), False),
    ],
)
def test_who_is_a_member(born: date | None, died: date | None, expected: bool) -> None:
    _, one, _ = cells({}, {}, {"出生日期": born, "死亡日期": died}, {})["成员"]
    assert one["在册"] is expected


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ([("户主", "本人"), (None, None)], ["本人", "配偶|子女|父母|祖父母|孙子女|兄弟姐妹|其他"]),
        ([("户主", "本人"), ("子女", None)], ["本人", "子女"]),
        ([("户主", None), ("子女", "本人")], ["配偶|子女|父母|祖父母|孙子女|兄弟姐妹|其他", "本人"]),
        ([("户主", None), ("子女", None)], [None, None]),
    ],
)
def test_a_blank_relation_depends_on_the_others(
    members: list[tuple[str | None, str | None]], expected: list[str | None]
) -> None:
    people = [{"与户主关系": head, "与申请人关系": applicant} for head, applicant in members]
    found = cells({}, *people)["成员"]
    assert [one.get("与申请人关系") for one in found] == expected


def test_blank_beside_a_head_is_anything_else() -> None:
    found = cells({}, {"与户主关系": "户主"}, {"姓名": "张三"})["成员"]
    assert found[1]["与户主关系"] == "配偶|子女|父母|祖父母|孙子女|兄弟姐妹|其他"
    assert cells({}, {"姓名": "张三"})["成员"][0].get("与户主关系") is None


def test_a_parent_is_impaired_as_its_certificate_says() -> None:
    mother = {"成员编号": "母", "残疾证类别": "肢体", "残疾证等级": "一级"}
    found = cells({}, mother, {"父母1.成员编号": "母"}, {"父母1.残疾": "视力二级"})["成员"]
    assert found[0]["肢体等级"] == found[1]["父母1.父母肢体等级"] == "一级"
    assert found[1]["父母1.父母视力等级"] is None
    assert found[2]["父母1.父母肢体等级"] == "无"
    assert (found[0]["持有残疾人证"], found[1].get("持有残疾人证")) == (True, None)
    assert found[0]["残疾类别数"] == {"lo": 1, "hi": 6}


def test_what_is_in_payment() -> None:
    member = {"在享待遇": "护理补贴", "在享起始.护理补贴": date(2025, 9, 1), "在享月额.护理补贴": 10_000}
    row = {"在享待遇": "低保"}
    for month, expected in (("2025-08", (False, 0)), ("2025-09", (True, 10_000))):
        found = cells(row, member, month=month)
        (one,) = found["成员"]
        assert (one["在享.护理补贴"], one["在享月额.护理补贴"]) == expected
        assert (found["在享.低保"], found["在享月额.低保"]) == (True, None)
        assert (one["在享.生活补贴"], one["在享月额.生活补贴"]) == (False, 0)
    assert "在享.低保" not in cells({})


def test_columns_that_say_nothing_are_left_out() -> None:
    facts = cells({"货币财产": 5})
    assert {name for name, cell in facts.items() if name != "成员"} == {"货币财产"}
    assert set(facts["成员"][0]) == {"在册"}


def test_a_column_that_is_the_fact_is_not_copied() -> None:
    row = {
        "家庭编号": "甲",
        "货币财产": 5,
        "成员": [{"成员编号": "1", "出生日期": date(1990, 1, 1), "性别": "女"}],
    }
    stored = batch_of([row])
    facts = READER.read(stored, Month("2025-08"))
    assert address(facts.column("货币财产")) == address(stored.column("货币财产"))
    people, given_ = facts.column("成员").values, stored.column("成员").values
    for title in ("出生日期", "性别"):
        assert address(people.field(title)) == address(given_.field(title))


def address(array: pa.Array) -> int:
    if pa.types.is_struct(array.type):
        array = array.field(0)
    return (array.indices if pa.types.is_dictionary(array.type) else array).buffers()[1].address


def test_months_share_the_columns_between_which_no_day_lies() -> None:
    members = [
        {"成员编号": "1", "出生日期": date(1990, 1, 1), "与申请人关系": "本人", "收入.工资性收入": 100},
        {"成员编号": "2", "出生日期": date(2025, 7, 5), "社会保险费": 7, "个人所得税": None},
        {"成员编号": "3", "不计入情形": "服刑", "服刑起始": date(2025, 7, 5), "刑期月数": 6},
        {"成员编号": "4", "在享待遇": "护理补贴", "在享起始.护理补贴": date(2025, 7, 5)},
    ]
    facts = READER.over(batch_of([{"家庭编号": "甲", "在享待遇": "无", "成员": members}]))
    first, second, third = (columns(facts.read(Month(text))) for text in ("2025-07", "2025-08", "2025-09"))
    changing = {
        *("在册", "本人服刑", "本人服刑起始", "本人刑期月数"),
        *("在享.护理补贴", "在享月额.护理补贴"),
    }
    assert {name for name in first if address(first[name]) != address(second[name])} - changing == set()
    assert all(address(second[name]) == address(third[name]) for name in second)
    for name in changing - {"本人服刑起始", "本人刑期月数"}:
        assert not first[name].equals(second[name]), name
    assert columns(facts.read(Month("2025-07"))).keys() == first.keys()
    assert all(values.equals(first[name]) for name, values in columns(facts.read(Month("2025-07"))).items())


def columns(facts: pa.RecordBatch) -> dict[str, pa.Array]:
    """The columns of the household and of the members by name."""
    people = facts.column("成员").values
    persons = {field.name: people.field(n) for n, field in enumerate(people.type)}
    return persons | {name: facts.column(name) for name in facts.schema.names if name != "成员"}


def test_what_no_cell_says_is_anything_in_a_column_of_ranges() -> None:
    members = [{"社会保险费": 1, "个人所得税": 2, "赡养抚养支出": 3}, {"社会保险费": 1}, {"姓名": "张三"}]
    found = [member["转移性支出"] for member in cells({}, *members)["成员"]]
    most = 12 * MAX_FEN
    assert found == [{"lo": 72, "hi": 72}, {"lo": 12, "hi": most}, {"lo": 0, "hi": most}]
    assert value_of(FACTS["转移性支出"], found[2]) == FACTS["转移性支出"].unknown


def test_unknown_names_are_refused() -> None:
    for name in ("出生日", "收入.没有", "在享.没有", "符合.低保"):
        with pytest.raises(InputError, match=name):
            FactReader([name], BEIJING)


def test_words_that_no_case_holds_are_refused_by_column() -> None:
    row = {"家庭编号": "甲", "成员": [{"成员编号": "1", "残疾": "肢体五级"}]}
    with pytest.raises(InputError, match="“残疾”里的“肢体五级”") as refused:
        READER.read(batch_of([row]), Month("2025-08"))
    assert refused.value.code == "register-word"


def test_one_wrong_word_among_many_is_named_with_its_column() -> None:
    lists = [f"{category}{grade}" for category in choices(Category) for grade in choices(Grade)]
    for title in ("残疾", "父母1.残疾", "父母2.残疾"):
        members = [{"成员编号": str(n), title: text} for n, text in enumerate([*lists, "肢体五级", "无"])]
        with pytest.raises(InputError) as refused:
            FactReader(ALL, BEIJING).over(batch_of([{"家庭编号": "甲", "成员": members}]))
        assert f"“{title}”里的“肢体五级”" in str(refused.value)


def test_a_word_says_the_same_beside_many_as_alone() -> None:
    """Also where together they are more than one case holds: each lists all programmes."""
    programmes = [text.name for text in BEIJING.programmes.values() if text.level is Level.PERSON]
    lists = ["、".join(programmes[n:] + programmes[:n]) for n in range(len(programmes))] + programmes + ["无"]
    dictionary = pa.array(lists)
    names = [f"在享.{programme}" for programme in programmes]
    together = Decoder()
    for name in names:
        alone = [Decoder().words(ALL[name], "在享待遇", dictionary.slice(n, 1)) for n in range(len(lists))]
        assert together.words(ALL[name], "在享待遇", dictionary).equals(pa.concat_arrays(alone))
        assert alone[-1].to_pylist() == [False]
        assert alone[0].to_pylist() == [True]


def test_declared_rows_that_were_not_normalised_are_refused() -> None:
    row = {"家庭编号": "甲", "声明": "未列事项均无", "成员": [{"成员编号": "1"}]}
    raw = pa.RecordBatch.from_pylist([row], schema=register_schema(BEIJING))
    with pytest.raises(InputError, match="register import") as refused:
        READER.over(raw)
    assert refused.value.code == "register-not-normalised"
    whole = normalised(raw, tuple(BEIJING.income_kinds))
    READER.over(whole)
    (member,) = whole.to_pylist()[0]["成员"]
    half = [{**whole.to_pylist()[0], "成员": [{**member, "身份": None}]}]
    with pytest.raises(InputError, match="身份"):
        READER.over(pa.RecordBatch.from_pylist(half, schema=whole.schema))
    READER.over(
        raw.set_column(raw.schema.names.index("声明"), "声明", pa.nulls(1, raw.schema.field("声明").type))
    )


def test_places_outside_the_dictionary_are_refused() -> None:
    stored = batch_of(
        [{"家庭编号": "甲", "采暖方式": "其他", "家庭情形": "单亲", "成员": [{"成员编号": "1"}]}]
    )
    wrong = pa.DictionaryArray.from_arrays(pa.array([7], pa.int16()), pa.array(["单亲"]), safe=False)
    place = stored.schema.get_field_index("家庭情形")
    with pytest.raises(InputError) as refused:
        READER.read(stored.set_column(place, "家庭情形", wrong), Month("2025-08"))
    assert refused.value.code == "register-broken"
