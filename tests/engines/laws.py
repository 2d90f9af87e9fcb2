"""Random laws that pay money: definitions at two levels, quotients, lifts, tables, roundings, every way to choose a route."""

from __future__ import annotations

from hypothesis import strategies as st

PARAMETERS = """
线:
  unit: 元
  values:
    - {from: "2015-01", value: "1000.00", provenance: derived}
率:
  unit: 比例
  values:
    - {from: "2015-01", value: "0.35", provenance: derived}
未查到:
  unit: 元
  values:
    - {from: "2015-01", value: unknown, provenance: derived, last_known: "5.00"}
两档:
  unit: 元
  keys: [级, 类]
  values:
    - from: "2015-01"
      provenance: derived
      table:
        一级: {有: "400.00", 无: "300.05"}
        二级: {有: "200.00", 无: unknown}
        三级: {有: "100.00", 无: "1.00"}
        四级: {有: "10.00", 无: "0.01"}
        无: {有: "0.00", 无: "0.00"}
"""
DEFINITIONS = """
人:
  for: 家庭
  title: 人数
  versions:
    - from: "2015-01"
      value: count(成员, 〈计入〉)
类:
  for: 成员
  title: 类
  versions:
    - from: "2015-01"
      value: '"有" if 〈类〉 else "无"'
"""
_MONEY = {
    "家庭": (
        "线", "货币财产", "月租金", "未查到", "线 * 人", "sum(成员, 稳定收入月额 if 本市户籍 else 0)",
        "max(成员, 稳定收入月额)", "min(成员, 稳定收入月额)",
    ),
    "成员": ("线", "稳定收入月额", "货币财产", "线 * 人", "未查到", '两档[视力等级, "有"]', "两档[视力等级, 类]"),
}  # fmt: skip
_EXACT = {
    "家庭": (
        "赡养抚养费", "货币财产 / 人", "(月租金 - 线) / 人", "线 * 率", "sum(成员, 必要就业成本)", "货币财产 / 3",
        "sum(成员, 稳定收入月额 if 本市户籍 else 货币财产 / 人)", "(货币财产 - 月租金) / max(1, 人)", "min(成员, 转移性支出)",
    ),
    "成员": ("必要就业成本", "转移性支出 / 2", "货币财产 / 人", "稳定收入月额 * 率", "(稳定收入月额 - 线) / max(1, 人)"),
}  # fmt: skip
_COUNTS = {
    "家庭": ("人", "住房套数", "count(成员, 全日制在读)", "max(成员, years(出生日期))", "2", "count(成员, 类 == \"有\")"),
    "成员": ("人", "years(出生日期)", "months(出生日期, 户籍迁入日期)", "残疾类别数", "16", "count(父母, 死亡)"),
}  # fmt: skip
_TRUTHS = {
    "家庭": (
        "单亲", "any(成员, 本市户籍)", "all(成员, 全日制在读 or 本市户籍)", '区县 == "110112"', '区县 in ("110101", "110105")',
        'any(成员, 视力等级 in ("一级", "二级"))', "住房面积 < 30 * 人",
    ),
    "成员": (
        "本市户籍", "全日制在读", '视力等级 in ("一级", "二级")', 'all(父母, 父母状况 == "已知")', "any(父母, 重病)",
        '(视力等级 if 单亲 else 听力等级) == "一级"', "视力等级 == 听力等级", '区县 != "110112"', "出生日期 < 户籍迁入日期",
    ),
}  # fmt: skip


@st.composite
def money(draw: st.DrawFn, level: str) -> str:
    """An amount, perhaps a quotient."""
    first = draw(st.sampled_from(_MONEY[level] + _EXACT[level]))
    second = draw(st.sampled_from(_MONEY[level]))
    truth = draw(st.sampled_from(_TRUTHS[level]))
    form = draw(
        st.sampled_from(
            ("{a}", "{a} + {b}", "{b} - {a}", "max(0, {a} - {b})", "min({a}, {b})", "({a} if {t} else {b})")
        )
    )
    return form.format(a=first, b=second, t=truth)


@st.composite
def truth(draw: st.DrawFn, level: str, readable: tuple[str, ...] = ()) -> str:
    """A condition, which may read what programmes before came to."""
    operator = draw(st.sampled_from(("<", "<=", ">", ">=", "==", "!=")))
    form = draw(st.sampled_from(("given", "amounts", "counts", "both", "read" if readable else "given")))
    if form == "amounts":
        return f"{draw(money(level))} {operator} {draw(st.sampled_from(_MONEY[level]))}"
    if form == "counts":
        pool = st.sampled_from(_COUNTS[level])
        return f"{draw(pool)} {operator} {draw(pool)}"
    if form == "read":
        return draw(st.sampled_from(readable))
    given = draw(st.sampled_from(_TRUTHS[level]))
    if form == "both":
        other = draw(st.sampled_from(_TRUTHS[level]))
        return draw(st.sampled_from((f"{given} and {other}", f"not ({given} or {other})")))
    return given


@st.composite
def programme(draw: st.DrawFn, number: int, level: str, readable: tuple[str, ...]) -> str:
    """A programme that pays by one to three routes."""
    choose = draw(st.sampled_from(("first", "highest", "unique")))
    tests = draw(st.lists(truth(level, readable), min_size=1, max_size=4, unique=True))
    excluded = draw(st.lists(truth(level), max_size=1))
    routes = 1 if choose == "unique" else draw(st.integers(1, 3))
    lines = [f"programme: p{number}", f"name: 项{number}", "kind: cash", f"for: {level}", f"choose: {choose}"]
    if level == "成员" and draw(st.booleans()):
        lines.append(f"who: {draw(st.sampled_from(_TRUTHS[level]))}")
    uses = [read for read in readable if any(read in test for test in tests)]
    lines += ['coverage: {from: "2015-01"}', f"uses: [{', '.join(uses)}]", "criteria:"]
    for index, test in enumerate(tests):
        lines += [f"  P{number}-{index}:", f"    title: 条件{index}", f"    test: {test}"]
    if excluded:
        lines += ["exclude:", f"  P{number}-X:", "    title: 排除", f"    test: {excluded[0]}"]
    lines.append("routes:")
    for index in range(routes):
        limbs = draw(st.lists(st.integers(0, len(tests) - 1), min_size=1, max_size=2, unique=True))
        when = ", ".join(f"P{number}-{limb}" for limb in limbs)
        rounding = draw(st.sampled_from(("round_down", "round_half_up", "round_up")))
        unit = draw(st.sampled_from(("分", "角", "元")))
        amount = f'{rounding}(max(0, {draw(money(level))}), "{unit}")'
        lines += [f"  情形{index}:", f"    when: [{when}]", f"    amount: {amount}"]
    return "\n".join(lines) + "\n"


@st.composite
def paying_laws(draw: st.DrawFn) -> dict[str, str]:
    """The files of a random ruleset: two household programmes, then two of persons, which read those before them."""
    counted = draw(st.sampled_from(("本市户籍", "共同生活")))
    kind = draw(st.sampled_from(("全日制在读", "本市户籍")))
    definitions = DEFINITIONS.replace("〈计入〉", counted).replace("〈类〉", kind)
    files = {"parameters.yaml": PARAMETERS, "definitions.yaml": definitions}
    readable: tuple[str, ...] = ()
    for number, level in enumerate(("家庭", "家庭", "成员", "成员")):
        files[f"p{number}.yaml"] = draw(programme(number, level, readable))
        readable += (f"项{number}.符合", f"项{number}.不符合")
    files["ruleset.yaml"] = (
        f'ruleset: random\ntitle: 随机\ncoverage: {{from: "2015-01"}}\nfiles: [{", ".join(files)}]\n'
    )
    return files
