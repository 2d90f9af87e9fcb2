"""From the nodes of a programme file to a programme: criteria, exclusions, routes, and what it may read of others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from ..errors import Problem, RulesetError, nearest
from ..language import Node as Expression
from ..language import Origin, Symbol
from ..language import typing as rules
from ..language.nodes import INTEGER, MONEY, TRUTH, Constant, Ref
from ..language.nodes import symbols as names_read
from ..quantities import Money
from ..reading import Node
from ..values import LEVEL_NAMES, Level
from .fields import Fields, fail, mapping, raw_text, read_name, sequence
from .model import (
    Condition,
    CriterionText,
    Dated,
    Definition,
    ProgrammeText,
    RouteBody,
    RouteText,
    Timing,
    Version,
    When,
)
from .names import Names
from .versions import VERSION_KEYS, Common, refuse_flow

PROGRAMME_KEYS = (
    "programme", "name", "title", "english", "kind", "for", "who", "coverage", "payable", "arrears", "yields", "alternative_to", "period", "uses",
    "choose", "criteria", "exclude", "routes", "assumes", "notes", "ages",
)  # fmt: skip
KINDS = ("cash", "status", "supplement")
CHOICES = ("first", "highest", "unique")
PAYABLE_FROM = (
    "month_of_application",
    "month_after_application",
    "month_of_decision",
    "month_after_decision",
)
PAYABLE_UNTIL = ("month_of_change", "month_after_change")


def outline(node: Node) -> tuple[str, str, Level, tuple[str, ...]]:
    """Id, name, level and route names: what other expressions may refer to before anything is built."""
    fields = Fields(node, "项目文件", PROGRAMME_KEYS)
    identifier = fields.text("programme")
    if not identifier.isascii() or not identifier.replace("_", "").isalnum() or not identifier[0].isalpha():
        raise fail(fields.need("programme"), "ruleset-id", "programme 要用英文字母、数字和下划线，以字母开头")
    level = LEVEL_NAMES[fields.one_of("for", ("家庭", "成员"))]
    routes = tuple(mapping(fields.need("routes"), f"项目“{identifier}”的 routes"))
    return identifier, fields.name("name"), level, routes


class ProgrammeBuilder:
    """Builds one programme. `applies` is the guard that an overlay puts before every route of what it adds."""

    def __init__(self, node: Node, common: Common, scope: Names, applies: tuple[str, Node] | None) -> None:
        self.common, self.scope = common, scope
        self.fields = Fields(node, f"项目“{outline(node)[0]}”", PROGRAMME_KEYS)
        self.what = self.fields.what
        self.id, self.name, self.level, _ = outline(node)
        coverage = Fields(
            self.fields.need("coverage"), f"{self.what}的 coverage", ("from", "until", "checked_through")
        )
        self.start, start_assumes = common.month(coverage.need("from"), "coverage.from")
        self.until = coverage.month_or_none("until")
        self.checked_through = coverage.month_or_none("checked_through")
        self.assumes = (*start_assumes, *common.assumes(self.fields))
        self.applies = applies
        self.criteria: dict[str, CriterionText] = {}

    def build(self) -> ProgrammeText:
        fields = self.fields
        for identifier, node in mapping(fields.need("criteria"), f"{self.what}的 criteria").items():
            self._add_criterion(identifier, node)
        exclusions = []
        if (exclude := fields.get("exclude")) is not None:
            for identifier, node in mapping(exclude, f"{self.what}的 exclude").items():
                self._add_criterion(identifier, node)
                exclusions.append(identifier)
        guard: When = ()
        if self.applies is not None:
            identifier, node = self.applies
            test = self.common.expression(node, self.scope, self.level, "applies")
            dated = Dated((self._unversioned(node, test),))
            self.criteria[identifier] = CriterionText(
                identifier, "属于本规则适用的地区", "Within the area", None, dated, node.location
            )
            guard = ((Condition(identifier, True),),)
        audience = fields.get("who")
        who = self._truth(audience, "who") if audience is not None else None
        if audience is not None and who is not None:
            guard = (*guard, self._guard_of(who, audience))
        fields.one_of(
            "ages", ("first_day",), "first_day"
        )  # said aloud: ages are always read on the first day
        kind = fields.one_of("kind", KINDS)
        routes = tuple(
            self._route(name, node, kind, guard)
            for name, node in mapping(fields.need("routes"), f"{self.what}的 routes").items()
        )
        if not routes:
            raise fail(fields.need("routes"), "ruleset-routes", f"{self.what}没有任何情形")
        yields = self._yields(exclusions)
        return ProgrammeText(
            id=self.id,
            name=self.name,
            title=fields.text_or_none("title") or self.name,
            english=fields.text_or_none("english"),
            kind=kind,
            level=self.level,
            who=who,
            start=self.start,
            until=self.until,
            checked_through=self.checked_through,
            payable=self._timing("payable", {"from": PAYABLE_FROM, "until": PAYABLE_UNTIL}),
            arrears=self._timing("arrears", {"for": ("in_payment", "all"), "new_entrants": ("none", "all")}),
            yields=yields,
            alternative_to=fields.texts("alternative_to"),
            period=self._period(),
            uses=fields.texts("uses"),
            choose=fields.one_of("choose", CHOICES, "unique"),
            criteria=self.criteria,
            exclusions=tuple(exclusions),
            routes=routes,
            assumes=self.assumes,
            notes=fields.texts("notes"),
            location=fields.node.location,
        )

    def _guard_of(self, who: Expression, node: Node) -> tuple[Condition, ...]:
        """Whom a programme is for is a condition of every route: where that is open, so is the verdict."""
        for criterion in self.criteria.values():
            if all(version.content == who for version in criterion.dated.versions):
                return (Condition(criterion.id, True),)
        identifier = f"{self.id}-WHO"
        self.criteria[identifier] = CriterionText(
            identifier, "属于本项目的对象", "Among those the programme is for", None,
            Dated((self._unversioned(node, who),)), node.location,
        )  # fmt: skip
        return (Condition(identifier, True),)

    def _unversioned(self, node: Node, content: Expression) -> Version[Expression]:
        return Version(
            self.start, None, self.start.first_day, True, None, None, None, (), node.location, content
        )

    def _truth(self, node: Node, what: str) -> Expression:
        expression = self.common.expression(node, self.scope, self.level, f"{self.what}的 {what}")
        if expression.type != TRUTH:
            raise fail(node, "expression-type", f"{self.what}的 {what} 应是是非，这里是{expression.type}")
        return expression

    def _add_criterion(self, identifier: str, node: Node) -> None:
        what = f"条件 {identifier}"
        refuse_flow(node, what)
        if identifier in self.criteria:
            raise RulesetError(Problem("duplicate-name", f"{what}重复", node.key_location))
        own = ("title", "english", "because", "test", "versions")
        fields = Fields(node, what, (*own, *VERSION_KEYS))
        versions = [self._test(entry, what) for entry in self._entries(fields, "test", what)]
        self.criteria[identifier] = CriterionText(
            id=identifier,
            title=fields.text("title"),
            english=fields.text_or_none("english"),
            because=fields.text_or_none("because"),
            dated=self.common.dated(versions, node, what),
            location=node.key_location,
        )

    def _entries(self, fields: Fields, content: str, what: str) -> Iterator[Fields]:
        """The versions of a criterion or route: a list, or the fields themselves for a single one."""
        if "versions" not in fields:
            yield fields
            return
        stray = [key for key in (content, *VERSION_KEYS) if key in fields]
        if stray:
            raise fail(
                fields.need(stray[0]), "ruleset-versions", f"{what}写了 versions，就不能再在外面写 {stray[0]}"
            )
        contents = ("when", "amount", "last_known") if content == "when" else (content,)
        for entry in sequence(fields.need("versions"), f"{what}的 versions"):
            refuse_flow(entry, what)
            yield Fields(entry, f"{what}的一个版本", (*contents, *VERSION_KEYS))

    def _test(self, fields: Fields, what: str) -> Version[Expression]:
        node = fields.need("test")
        expression = self.common.expression(node, self.scope, self.level, what)
        if expression.type != TRUTH:
            raise fail(node, "expression-type", f"{what}的 test 应是是非，这里是{expression.type}")
        cite = self.common.citation(fields.get("cite"), what)
        return self.common.version(fields, expression, start=self.start, cite=cite)

    def _route(self, name: str, node: Node, kind: str, guard: When) -> RouteText:
        what = f"{self.what}的情形“{name}”"
        refuse_flow(node, what)
        own = ("title", "english", "when", "amount", "last_known", "versions")
        fields = Fields(node, what, (*own, *VERSION_KEYS))
        versions = []
        for entry in self._entries(fields, "when", what):
            body = self._body(entry, what, kind, guard)
            cite = self.common.citation(entry.get("cite"), what)
            versions.append(self.common.version(entry, body, start=self.start, cite=cite))
        dated = self.common.dated(versions, node, what)
        title, english = fields.text_or_none("title"), fields.text_or_none("english")
        return RouteText(name, title, english, dated, node.key_location)

    def _body(self, fields: Fields, what: str, kind: str, guard: When) -> RouteBody:
        written = [self._alternatives(node, what) for node in sequence(fields.need("when"), f"{what}的 when")]
        if not written:
            raise fail(fields.need("when"), "ruleset-routes", f"{what}的 when 是空的")
        when = (*(limb for limb in guard if limb not in written), *written)
        node = fields.get("amount")
        if (kind == "status") == (node is not None):
            message = f"{what}：" + ("身份认定没有金额" if kind == "status" else "缺少 amount")
            raise fail(node or fields.node, "ruleset-amount", message)
        last = fields.get("last_known")
        if last is not None and (node is None or node.value != "unknown"):
            raise fail(last, "ruleset-amount", f"{what}：last_known 只与 amount: unknown 同用")
        if node is None:
            return RouteBody(when, None)
        if node.value == "unknown":
            return RouteBody(when, None, amount_unknown=True, last_known=self._last_known(last, what))
        amount = self.common.expression(node, self.scope, self.level, what)
        if amount.type != MONEY:
            hint = 'round_half_up(…, "分") 等并注明依据' if amount.type.counts_money else None
            raise fail(node, "ruleset-amount", f"{what}的 amount 应是金额，这里是{amount.type}", hint)
        return RouteBody(when, amount)

    @staticmethod
    def _last_known(node: Node | None, what: str) -> int | None:
        if node is None:
            return None
        try:
            return Money(raw_text(node, what)).fen
        except ValueError as error:
            raise fail(node, "ruleset-value", f"{what}的 last_known：{error}") from None

    def _alternatives(self, node: Node, what: str) -> tuple[Condition, ...]:
        if isinstance(node.value, dict) and set(node.value) == {"any"}:
            limbs = sequence(node.value["any"], f"{what}的 any")
            if not limbs:
                raise fail(node, "ruleset-routes", f"{what}的 any 是空的")
            return tuple(self._condition(limb, what) for limb in limbs)
        return (self._condition(node, what),)

    def _condition(self, node: Node, what: str) -> Condition:
        holds = True
        if isinstance(node.value, dict):
            inner = Fields(node, f"{what}的 when", ("not", "any"))
            node, holds = inner.need("not"), False
        identifier = read_name(node, f"{what}的 when")
        if identifier not in self.criteria:
            raise fail(
                node, "unknown-criterion", f"没有条件“{identifier}”", nearest(identifier, self.criteria)
            )
        return Condition(identifier, holds)

    def _yields(self, exclusions: list[str]) -> Expression | None:
        """Higher-of: adds the exclusion “what is received elsewhere is no less”, and returns what is received."""
        node = self.fields.get("yields")
        if node is None:
            return None
        what = f"{self.what}的 yields"
        refuse_flow(node, what)
        label = "同类"
        if isinstance(node.value, dict) and len(node.value) == 1 and "to" not in node.value:
            ((label, node),) = node.value.items()  # 生活类: {to: …}: the kind of benefit may be named
            refuse_flow(node, what)
        fields = Fields(node, what, ("id", "to", "pay", "title", "english", "because", "cite", "assumes"))
        fields.one_of("pay", ("higher",), "higher")
        received = self.common.expression(fields.need("to"), self.scope, self.level, what)
        gross = self.scope.symbol(f"{self.name}.应付")
        assert gross is not None
        try:
            zero = Constant(0, INTEGER, bounds=rules.number_bounds(0))
            own = Ref(gross, gross.type, gross.level, gross.bounds)
            # What is not received at all takes the place of nothing, however open our own amount is.
            both = (rules.compare(">", received, zero), rules.compare(">=", received, own))
            test = rules.logic("and", both)
        except rules.TypeProblem as problem:
            raise fail(fields.need("to"), problem.code, f"{what}：{problem.message}") from None
        identifier = fields.text_or_none("id") or f"{self.id}-YIELD"
        if identifier in self.criteria:
            raise RulesetError(Problem("duplicate-name", f"条件 {identifier} 重复", node.key_location))
        cite = self.common.citation(fields.get("cite"), what)
        version = replace(self._unversioned(node, test), cite=cite, assumes=self.common.assumes(fields))
        self.criteria[identifier] = CriterionText(
            identifier,
            fields.text_or_none("title") or f"已领取的{label}补贴不低于本项目",
            fields.text_or_none("english"),
            fields.text_or_none("because") or f"已领取的{label}补贴不低于本项目，不再发放",
            Dated((version,)), node.key_location,
        )  # fmt: skip
        exclusions.append(identifier)
        return received

    def _period(self) -> Timing | None:
        """Payment by season: `{unit: season}`, or the season named: `{season: 2020-2021}`."""
        node = self.fields.get("period")
        if node is None:
            return None
        fields = Fields(node, f"{self.what}的 period", ("unit", "season", "once_per", "assumes"))
        rules = {"unit": fields.one_of("unit", ("season",), "season")}
        if "season" in fields:
            rules["season"] = fields.text("season")
        if "once_per" in fields:
            rules["once_per"] = fields.one_of("once_per", ("家庭", "成员"))
        return Timing(rules, self.common.assumes(fields))

    def _timing(self, key: str, known: Mapping[str, tuple[str, ...]]) -> Timing | None:
        node = self.fields.get(key)
        if node is None:
            return None
        fields = Fields(node, f"{self.what}的 {key}", (*known, "assumes"))
        rules = {name: fields.one_of(name, choices) for name, choices in known.items() if name in fields}
        return Timing(rules, self.common.assumes(fields))


def expressions(programme: ProgrammeText) -> Iterator[Expression]:
    """Every expression of a programme, in all versions."""
    if programme.who is not None:
        yield programme.who
    for criterion in programme.criteria.values():
        for test in criterion.dated.versions:
            yield test.content
    for route in programme.routes:
        for body in route.dated.versions:
            if body.content.amount is not None:
                yield body.content.amount


def all_names_read(programme: ProgrammeText, definitions: Mapping[str, Definition]) -> dict[str, Symbol]:
    """Every name a programme reads in any version, directly or through definitions."""
    found: dict[str, Symbol] = {}
    pending = list(expressions(programme))
    while pending:
        for name, symbol in names_read(pending.pop()).items():
            if name not in found:
                found[name] = symbol
                if name in definitions:
                    pending += [version.content for version in definitions[name].dated.versions]
    return found


def check_alternatives(programme: ProgrammeText, others: Mapping[str, ProgrammeText]) -> None:
    """What a programme is an alternative to must exist: a programme, or a programme and one of its routes."""
    for target in programme.alternative_to:
        name, _, route = target.partition(".")
        other = next((p for p in others.values() if p.name == name), None)
        routes = [r.name for r in other.routes] if other is not None else []
        if other is None or (route and route not in routes):
            known = [p.name for p in others.values()] + [f"{name}.{r}" for r in routes]
            message = f"项目“{programme.id}”的 alternative_to 写了“{target}”，没有这个项目或情形"
            raise RulesetError(Problem("unknown-name", message, programme.location, nearest(target, known)))


def check_uses(programme: ProgrammeText, definitions: Mapping[str, Definition]) -> None:
    """Every verdict read of another programme, directly or through a definition, must be declared under `uses`."""
    own = f"{programme.name}.应付"
    for use in programme.uses:
        if use.endswith(".应付"):
            message = f"项目“{programme.id}”的 uses 不能写“{use}”：应付只在本项目内部使用"
            raise RulesetError(Problem("undeclared-use", message, programme.location, "用 .金额"))
    for name, symbol in all_names_read(programme, definitions).items():
        if symbol.origin is Origin.VERDICT and name not in (*programme.uses, own):
            message = f"项目“{programme.id}”读了“{name}”，但 uses 里没有写"
            raise RulesetError(
                Problem("undeclared-use", message, programme.location, f"在 uses 里加上 {name}")
            )
