"""`determine`: from a case and a ruleset to a determination. Each step is one function below.

The reference engine computes everything; the rule engine infers the verdicts again from the criteria alone. They must
agree on every verdict, or nothing is determined.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple

from ..case import Case, case_warnings
from ..case.context import Context
from ..case.facts import income_kinds
from ..engines import rete
from ..engines.ranges import Row
from ..engines.reference import Evaluation, Evaluator, Place, Result, open_amounts, open_criteria
from ..errors import EngineDisagreement, InputError, Problem, nearest
from ..language import Type
from ..language.nodes import Compare, Lift, Node, Origin, Ref, Rounding, symbols, walk
from ..quantities import MAX_FEN, Money, Month
from ..ruleset.edition import Edition
from ..ruleset.model import Ruleset
from ..ruleset.resolved import Criterion, Programme
from ..values import Level, Range, Truth, bounds
from .model import Determination, MissingFact, Operand, Outcome, Reason, RouteTaken, Run, Verdict


def determine(
    case: Case, rules: Ruleset | Edition, *, month: Month | str | None = None, known_on: date | None = None
) -> Determination:
    """Determines every programme of a ruleset for one case and one benefit month.

    `known_on` limits the law to what was public on that day (None: everything on file). An `Edition` may be given
    instead of a ruleset (for a scenario); it brings its own month. Raises `InputError` for a month out of coverage or
    an income kind the ruleset does not list, `EngineDisagreement` if the engines differ, `RulesetError` for rules that
    contradict themselves. Outcomes are values, never exceptions.
    """
    if isinstance(rules, Edition):
        edition = rules
    elif month is None:
        raise InputError(Problem("month", "缺少待遇月份"))
    else:
        edition = rules.edition(month, known_on)
    compiled, evaluation = _compiled(edition), evaluate(case, edition)
    run = _confirm(compiled, evaluation)
    members = [member.id for member in evaluation.context.members]
    operands = _Operands(evaluation)
    verdicts = tuple(
        compiled.verdict(
            result, evaluation, None if result.person is None else members[result.person], operands
        )
        for result in compiled.in_order(evaluation.results)
        if result.applies
    )
    return Determination(
        case=case,
        edition=edition,
        verdicts=verdicts + compiled.not_in_force,
        warnings=compiled.warnings + _case_warnings(evaluation.context, edition),
        run=run,
        evaluation=evaluation,
    )


def evaluate(case: Case, edition: Edition) -> Evaluation:
    """What the reference engine alone computes, without reasons. Raises `InputError` as `determine` does."""
    context = Context(case, edition.month)
    _check_incomes(context, edition)
    return _compiled(edition).evaluator.evaluate(context)


class _OperandPlan(NamedTuple):
    """How to read one operand of a criterion. `slot` is its place in a row, None for a figure of the law.

    `whose` says in which rows: the household's, the subject's own, or those of every member or parent it is lifted from.
    """

    name: str
    type: Type
    origin: Origin
    slot: int | None
    constant: Any
    sensitive: bool
    whose: str


class _Compiled:
    """Everything about an edition that does not depend on the case."""

    def __init__(self, edition: Edition) -> None:
        self.edition = edition
        self.evaluator = Evaluator(edition)
        self.version = rete.available()
        self.program = rete.Program(edition.ruleset.id, edition.programmes) if self.version else None
        self.position = {programme.id: index for index, programme in enumerate(edition.programmes)}
        self.plans = {p.id: [self._plan(p, c) for c in p.criteria] for p in edition.programmes}
        self.unrounded = {
            (p.id, r.name): self.evaluator.compiler.compile(r.amount.item)
            for p in edition.programmes
            for r in p.routes
            if isinstance(r.amount, Rounding)
        }
        self.warnings = _edition_warnings(edition)
        in_force = {programme.id for programme in edition.programmes}
        self.not_in_force = tuple(
            Verdict(Programme.of(text), None, Outcome.NOT_IN_FORCE)
            for text in edition.ruleset.programmes.values()
            if text.id not in in_force
        )
        engines = [("reference", "python " + ".".join(map(str, sys.version_info[:3])))]
        if self.version is not None:
            engines.append(("rete", f"durable_rules {self.version}"))
        self.engines = tuple(engines)

    def _plan(self, programme: Programme, criterion: Criterion) -> _CriterionPlan:
        evaluator = self.evaluator
        plans = []
        lifted = {
            (node.collection, name)
            for node in walk(criterion.test)
            if isinstance(node, Lift)
            for name in symbols(node.body)
        }
        for name, symbol in symbols(criterion.test).items():
            fact = evaluator.fact_of.get(name)
            slot = evaluator.slots.get(name)
            plans.append(
                _OperandPlan(
                    name,
                    symbol.type,
                    symbol.origin,
                    slot,
                    None if slot is not None else self.edition.parameters[name].value,
                    fact is not None and fact.sensitive,
                    _whose(symbol.level, (symbol.level, name) in lifted),
                )
            )
        excludes = criterion.id in programme.exclusions
        return _CriterionPlan(criterion, excludes, tuple(plans), _threshold(criterion.test))

    def in_order(self, results: list[Result]) -> list[Result]:
        """Results in the order of the ruleset, persons in file order."""
        if all(result.person is None for result in results):
            return sorted(results, key=lambda r: self.position[r.programme.id])
        return sorted(results, key=lambda r: (self.position[r.programme.id], r.person or 0))

    def verdict(
        self, result: Result, evaluation: Evaluation, subject: str | None, operands: _Operands
    ) -> Verdict:
        programme = result.programme
        household = evaluation.household
        person = None if result.person is None else household[0][result.person]
        reasons = [
            Reason(
                plan.criterion,
                subject,
                status,
                plan.excludes,
                operands.of(plan.operands, person, subject),
                plan.threshold,
            )
            for plan, status in zip(self.plans[programme.id], result.statuses, strict=True)
        ]
        rule = programme.payable.rules.get("from") if programme.payable else None
        amount, amount_range = _amount(result)
        missing = self._missing(result, evaluation) if result.verdict is None or amount_range else ()
        # Eligible for certain, and only a figure of the law leaves it without a limit: unknown, not a range.
        unlimited = amount_range is not None and amount_range[1] is None
        by_law = result.verdict is True and unlimited and all(m.origin is Origin.PARAMETER for m in missing)
        unknown = result.amount_unknown or by_law
        return Verdict(
            programme=programme,
            subject=subject,
            outcome=Outcome.of(result.verdict),
            amount=amount,
            amount_range=None if unknown else amount_range,
            amount_unknown=unknown,
            last_known=self._last_known(result),
            exact=self._exact(result, evaluation),
            route=result.route if isinstance(result.route, str) and result.route else None,
            routes=tuple(
                [
                    RouteTaken(
                        route.name,
                        route.title,
                        met,
                        result.amounts[i] if result.amounts else None,
                        route.cite,
                    )
                    for i, (route, met) in enumerate(zip(programme.routes, result.met, strict=True))
                ]
            ),
            payable_rule=rule,
            payable_from=_payable_from(rule, programme, evaluation.context.case),
            reasons=tuple(reasons),
            missing=missing,
            assumptions=self.edition.assumptions_of(programme.id),
        )

    def _exact(self, result: Result, evaluation: Evaluation) -> Fraction | None:
        """The amount before rounding in yuan, if the route taken rounds one known figure."""
        if result.amount is None or isinstance(result.amount, Range) or not isinstance(result.route, str):
            return None
        unrounded = self.unrounded.get((result.programme.id, result.route))
        if unrounded is None:
            return None
        value = unrounded(*evaluation.rows(Place(result.person)))
        return value / 100 if isinstance(value, Fraction) and value.denominator != 1 else None

    def _last_known(self, result: Result) -> Money | None:
        """The last figure on file for an amount the law leaves unknown."""
        if result.verdict is False or not (result.amount_unknown or isinstance(result.amount, Range)):
            return None
        for route, met in zip(result.programme.routes, result.met, strict=True):
            if met is False:
                continue
            if route.last_known is not None:
                return Money.from_fen(route.last_known)
            if route.amount is None:
                continue
            for name, symbol in symbols(route.amount).items():
                if symbol.origin is Origin.PARAMETER and self.edition.parameters[name].last_known is not None:
                    fen = self.edition.parameters[name].last_known
                    return Money.from_fen(fen) if isinstance(fen, int) else None
        return None

    def _open_law(self, name: str) -> MissingFact:
        """What to ask where the law itself is open: a figure nobody has found, or a reading nobody has settled."""
        readings = (a for a in self.edition.ruleset.assumptions.values() if a.name == name)
        if (assumption := next(readings, None)) is not None:
            question = f"法规没有写明，由办公室确定读法（{assumption.id}）：{assumption.question}"
            return MissingFact(Origin.PARAMETER, name, None, name, question, "叠加规则")
        question = f"规则集没有“{name}”在 {self.edition.month} 的数值，须查明文件"
        return MissingFact(Origin.PARAMETER, name, None, name, question, "相应文件")

    def _missing(self, result: Result, evaluation: Evaluation) -> tuple[MissingFact, ...]:
        place = Place(result.person)
        nodes: list[Node] = [criterion.test for criterion in open_criteria(result)]
        nodes += open_amounts(result)
        if result.programme.yields is not None:
            nodes.append(result.programme.yields)
        if result.programme.who is not None:
            nodes.append(result.programme.who)
        found = {item: None for node in nodes for item in self.evaluator.missing(node, evaluation, place)}
        members = [member.id for member in evaluation.context.members]
        missing = []
        for item in found:
            subject = None if item.place.person is None else members[item.place.person]
            if item.origin is Origin.PARAMETER:
                missing.append(self._open_law(item.name))
                continue
            fact = self.evaluator.fact_of[item.name]
            path = fact.place(subject or "", 1 + (item.place.parent or 0))
            missing.append(MissingFact(item.origin, item.name, subject, path, fact.question, fact.paper))
        return tuple(missing)


class _CriterionPlan(NamedTuple):
    """What of a criterion does not depend on the case."""

    criterion: Criterion
    excludes: bool
    operands: tuple[_OperandPlan, ...]
    threshold: str | None


def _whose(level: Level, lifted: bool) -> str:
    """In whose rows a name of `level` stands: the household's, the subject's own, or of all it is lifted from."""
    if level is Level.HOUSEHOLD:
        return "household"
    if level is Level.PERSON:
        return "members" if lifted else "own"
    return "parents"


class _Operands:
    """The operands of one determination, each made once however many criteria look at it."""

    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation
        self.made: dict[tuple[str, str | None, str], tuple[Operand, ...]] = {}

    def of(
        self, plans: tuple[_OperandPlan, ...], person: Row | None, subject: str | None
    ) -> tuple[Operand, ...]:
        """The operands of a criterion for one subject, in reading order."""
        found: tuple[Operand, ...] = ()
        for plan in plans:
            key = (plan.name, subject, plan.whose)
            made = self.made.get(key)
            if made is None:
                made = self.made[key] = self._make(plan, person, subject)
            found = found + made if found else made
        return found

    def _make(self, plan: _OperandPlan, person: Row | None, subject: str | None) -> tuple[Operand, ...]:
        """One value, or one per member or parent where the criterion is lifted over them."""
        name, kind, origin, slot, constant, sensitive, whose = plan
        household = self.evaluation.household
        if slot is None:
            return (Operand(name, constant, kind, origin, None, sensitive),)
        if whose == "household":
            return (Operand(name, household[slot], kind, origin, None, sensitive),)
        if whose == "own" and person is not None:
            return (Operand(name, person[slot], kind, origin, subject, sensitive),)
        if whose == "members":
            rows = zip(household[0], self.evaluation.context.members, strict=True)
            return tuple(
                [Operand(name, row[slot], kind, origin, member.id, sensitive) for row, member in rows]
            )
        parents = enumerate(person[0] if person is not None else (), 1)
        places = [(f"{subject}.父母[{i}]", row) for i, row in parents]
        return tuple([Operand(name, row[slot], kind, origin, place, sensitive) for place, row in places])


def _compiled(edition: Edition) -> _Compiled:
    """The compiled edition, kept with it."""
    kept = edition.compiled.get("determine")
    if kept is None:
        kept = edition.compiled["determine"] = _Compiled(edition)
    assert isinstance(kept, _Compiled)
    return kept


def _threshold(test: Node) -> str | None:
    """The name of the line a criterion compares with, if it is one comparison with a name on the right."""
    return test.right.symbol.name if isinstance(test, Compare) and isinstance(test.right, Ref) else None


def _confirm(compiled: _Compiled, evaluation: Evaluation) -> Run:
    """Lets the rule engine infer the verdicts from the criteria, and compares."""
    if compiled.program is None:
        return Run(compiled.engines, ())
    persons: list[dict[str, dict[str, Truth] | None]] = [{} for _ in evaluation.household[0]]
    household: dict[str, dict[str, Truth] | None] = {}
    for result in evaluation.results:
        statuses = (
            {
                criterion.id: status
                for criterion, status in zip(result.programme.criteria, result.statuses, strict=True)
                if criterion.verdict_of is None
            }
            if result.applies
            else None
        )
        (household if result.person is None else persons[result.person])[result.programme.id] = statuses
    inference = compiled.program.infer(household, persons)
    members = [member.id for member in evaluation.context.members]
    for result in evaluation.results:
        if not result.applies:
            continue
        inferred = (inference.household if result.person is None else inference.persons[result.person])[
            result.programme.id
        ]
        if inferred is not result.verdict:
            raise EngineDisagreement(_disagreement(result, inferred))
    return Run(
        compiled.engines,
        tuple([(None if f.subject is None else members[f.subject], f.rule) for f in inference.trail]),
    )


def _disagreement(result: Result, inferred: Truth) -> Problem:
    ours, theirs = Outcome.of(result.verdict).value, Outcome.of(inferred).value
    return Problem(
        "engines-disagree",
        f"项目“{result.programme.name}”：参照引擎得出 {ours}，推理引擎得出 {theirs}；不作认定",
        None,
        "请把案例和规则集的版本报给维护者",
    )


def _amount(result: Result) -> tuple[Money | None, tuple[Money, Money | None] | None]:
    """The amount as one figure, or as bounds (an upper bound at the end of the domain is no bound)."""
    if result.amount is None or result.verdict is False:
        return None, None
    if not isinstance(result.amount, Range):
        return (Money.from_fen(int(result.amount)), None) if result.verdict else (None, None)  # type: ignore[arg-type]
    lo, hi = bounds(result.amount)
    upper = None if hi >= UNLIMITED else Money.from_fen(int(hi))
    return None, (Money.from_fen(int(lo)), upper)


UNLIMITED = MAX_FEN // 2
"""An amount that may reach this far is not limited by anything known: something was taken off an open figure."""


def _payable_from(rule: str | None, programme: Programme, case: Case) -> Month | None:
    """The first month paid, where the case says when it was applied for and decided."""
    offsets: dict[str, tuple[Callable[[Any], Month | None], int]] = {
        "month_of_application": (lambda a: a.month, 0),
        "month_after_application": (lambda a: a.month, 1),
        "month_of_decision": (lambda a: a.decision_month, 0),
        "month_after_decision": (lambda a: a.decision_month, 1),
    }
    if rule is None or case.household is None:
        return None
    read, offset = offsets[rule]
    for application in case.household.applications or ():
        if application.programme in (programme.id, programme.name) and (month := read(application)):
            return month + offset
    return None


def _check_incomes(context: Context, edition: Edition) -> None:
    """Refuses income kinds the ruleset does not list for the month, and losses of kinds that cannot be negative."""
    if not edition.programmes:
        return
    listed, counted = edition.ruleset.income_kinds, edition.income_kinds
    strange = {
        kind: f"规则集没有收入种类“{kind}”" for kind in income_kinds(context.case) if kind not in listed
    }
    losses = set()
    for member in context.members:
        for kind, amount in (context.people[member.id].incomes or {}).items():
            if kind in listed and kind not in counted:
                known = "" if edition.known_on is None else f"（按 {edition.known_on} 已公布的规定）"
                strange[kind] = f"收入种类“{kind}”在 {edition.month} 还没有规定{known}"
            if kind in counted and not listed[kind].signed and bounds(amount)[0] < 0:
                losses.add(kind)
    if not strange and not losses:
        return
    places = income_kinds(context.case)
    usable = "可用：" + "、".join(counted) if counted else "请用较晚的知悉日"
    problems = [
        Problem("unknown-income-kind", message, places[kind], nearest(kind, counted) or usable)
        for kind, message in strange.items()
    ]
    problems += [
        Problem("negative-income", f"收入种类“{kind}”不能是负数", places[kind]) for kind in sorted(losses)
    ]
    raise InputError(problems)


def _edition_warnings(edition: Edition) -> tuple[str, ...]:
    """What must be said about the law of this edition, whatever the case."""
    found = []
    limits = {edition.ruleset.checked_through, *(p.checked_through for p in edition.programmes)}
    checked = min((limit for limit in limits if limit is not None), default=None)
    if checked is not None and edition.month > checked:
        found.append(
            f"规则集只核对到 {checked}；{edition.month} 按当时最后有效的标准认定，此后如有新标准须重新认定"
        )
    for name in edition.knowledge_assumptions:
        found.append(f"“{name}”的公布日没有文件可查，按假定的公布日判断 {edition.known_on} 当时是否已知")
    for name, (_, provenance) in edition.overrides.items():
        found.append(f"假设情景：“{name}”不是现行规定（{provenance.value}）；本结果不作认定依据")
    return tuple(found)


def _case_warnings(context: Context, edition: Edition) -> tuple[str, ...]:
    """What must be said about this case: declarations, people left out, programmes nobody knows."""
    case = context.case
    declared: tuple[str, ...] = ()
    if (declaration := case.declaration) is not None:
        whole = declaration.household is True and declaration.members is True
        declared = ("据申请人声明，未列事项均无" if whole else "据申请人声明，个案所列的部分列表未列即无",)
    present = {member.id for member in context.members}
    left_out = tuple(
        f"{person.id}在 {context.first_day} 尚未出生或已经去世，本月不作成员"
        for person in case.members
        if person.id not in present
    )
    known = {name for p in edition.ruleset.programmes.values() for name in (p.id, p.name)}
    named = [a.programme for a in case.household.applications or ()]
    named += [b.programme for b in case.household.benefits_in_payment or ()]
    strange = tuple(
        f"个案写的项目“{name}”不在规则集里，没有读它"
        + (f"（{hint}）" if (hint := nearest(name, known)) else "")
        for name in dict.fromkeys(named)
        if name not in known
    )
    return declared + left_out + strange + tuple(case_warnings(case))
