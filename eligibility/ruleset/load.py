"""Finding a ruleset by name or folder, laying overlays on it, and building it: `load_ruleset`.

Names are looked up among the rulesets shipped with the package and those other packages announce through the entry
point group `eligibility.rulesets` (an entry point names a package whose folder is the ruleset).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from importlib import resources
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

from ..case.facts import FACTS
from ..errors import Problem, RulesetError, nearest
from ..reading import Node, read_file
from ..values import Level
from .definitions import Definitions
from .documents import build_assumptions, build_sources
from .fields import Fields, fail, mapping, sequence, word
from .graph import check_cycles
from .model import Ruleset
from .names import COUNTED_INCOME, Names, assumption_symbol
from .parameters import Parameters
from .programmes import ProgrammeBuilder, check_alternatives, check_uses, outline
from .resolve import check_gaps
from .versions import Common

RULESET_KEYS = (
    "ruleset", "title", "english", "coverage", "refuse_before", "files", "notes",
)  # fmt: skip
OVERLAY_KEYS = ("overlay", "title", "on", "precedence", "applies", "add", "replace", "notes")
PRECEDENCE = ("city", "district", "office")
ENTRY_POINTS = "eligibility.rulesets"
SECTIONS = ("sources", "assumptions", "parameters", "definitions", "income_kinds")


def shipped_folder() -> Path:
    """The folder of the rulesets that come with the package: inside it when installed, beside it in a clone."""
    packaged = Path(str(resources.files("eligibility"))) / "rulesets"
    return packaged if packaged.is_dir() else Path(str(resources.files("eligibility"))).parent / "rulesets"


def available_rulesets() -> dict[str, Path]:
    """Every ruleset and overlay that can be loaded by name, with its folder."""
    found: dict[str, Path] = {}
    shipped = shipped_folder()
    if shipped.is_dir():
        for folder in sorted(shipped.iterdir()):
            if any((folder / name).is_file() for name in ("ruleset.yaml", "overlay.yaml")):
                found[folder.name] = folder
    for point in entry_points(group=ENTRY_POINTS):
        if (announced := _package_folder(point.value)) is not None:
            found.setdefault(point.name, announced)
    return found


def _package_folder(package: str) -> Path | None:
    """The folder of an installed package that holds a ruleset or an overlay (with or without `__init__.py`)."""
    try:
        spec = find_spec(package)
    except (ImportError, ValueError):
        return None
    for place in (spec.submodule_search_locations or ()) if spec is not None else ():
        if any((Path(place) / name).is_file() for name in ("ruleset.yaml", "overlay.yaml")):
            return Path(place)
    return None


def load_ruleset(name: str | Path, *, overlays: Iterable[str | Path] = ()) -> Ruleset:
    """Loads a ruleset by name (`"beijing"`) or folder, with overlays by name, folder or file.

    Raises `RulesetError` with file, line, column, what was expected and the nearest name.
    """
    folder = _locate(name, "ruleset.yaml")
    raw = _RawRuleset(folder)
    chosen = [_Overlay(_locate(overlay, "overlay.yaml")) for overlay in overlays]
    for overlay in sorted(chosen, key=lambda o: PRECEDENCE.index(o.precedence)):
        overlay.lay_on(raw)
    return _build(raw)


def _locate(name: str | Path, marker: str) -> Path:
    """The folder (or overlay file) meant by a name or a path."""
    path = Path(name)
    if (path / marker).is_file():
        return path
    if marker == "overlay.yaml" and path.suffix == ".yaml" and path.is_file():
        return path
    known = available_rulesets()
    if str(name) in known and (known[str(name)] / marker).is_file():
        return known[str(name)]
    what = "规则集" if marker == "ruleset.yaml" else "叠加规则"
    names = [n for n, folder in known.items() if (folder / marker).is_file()]
    hint = nearest(str(name), names) or "可用：" + "、".join(names)
    raise RulesetError(Problem("unknown-ruleset", f"没有{what}“{name}”", None, hint))


class _RawRuleset:
    """The nodes of all files of a ruleset, by section; what overlays are laid on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.head = Fields(
            read_file(folder / "ruleset.yaml", error=RulesetError), "ruleset.yaml", RULESET_KEYS
        )
        self.sections: dict[str, Node] = {}
        self.programmes: dict[str, Node] = {}
        self.guards: dict[str, tuple[str, Node]] = {}
        self.overlays: list[str] = []
        self.replaced: list[str] = []
        self.notes = list(self.head.texts("notes"))
        for item in sequence(self.head.need("files"), "files"):
            self.add_file(folder, item)
        for section in SECTIONS:
            self.sections.setdefault(section, Node({}, str(folder / "ruleset.yaml"), 1, 1))

    def add_file(self, folder: Path, item: Node) -> str | None:
        """Reads one listed file; returns the id of the programme, if it is one."""
        name = word(item, "files 里的文件名")
        path = (folder / name).resolve()
        if not path.is_relative_to(folder.resolve()):
            raise fail(item, "ruleset-file", f"文件“{name}”不在规则集的文件夹里")
        if not path.is_file():
            files = [str(p.relative_to(folder)) for p in folder.rglob("*.yaml")]
            raise fail(item, "ruleset-file", f"没有文件“{name}”", nearest(name, files))
        node = read_file(folder / name, error=RulesetError)
        keys = mapping(node, f"文件“{name}”")
        if "programme" in keys:
            identifier = outline(node)[0]
            if identifier in self.programmes:
                raise fail(node, "duplicate-name", f"项目“{identifier}”已有")
            self.programmes[identifier] = node
            return identifier
        stem = Path(name).stem
        parts = {stem: node} if stem in SECTIONS else keys
        for section, part in parts.items():
            if section not in SECTIONS:
                message = f"文件“{name}”里没有“{section}”这一节"
                raise RulesetError(
                    Problem("ruleset-unknown-key", message, part.key_location, nearest(section, SECTIONS))
                )
            self.merge(section, part)
        return None

    def merge(self, section: str, part: Node) -> None:
        """Adds the entries of a section; several files may write one, but nothing twice."""
        entries = _normalised(part, section)
        merged = mapping(
            self.sections.setdefault(section, Node({}, part.file, part.line, part.column)), section
        )
        for key, entry in entries.items():
            if key in merged:
                message = f"“{key}”已有；叠加规则只能用 replace 改"
                raise RulesetError(Problem("duplicate-name", message, entry.key_location))
            merged[key] = entry

    def root(self) -> Node:
        """All sections as one tree, so that an overlay can address any value by its path."""
        programmes = Node(dict(self.programmes), "", 0, 0)
        return Node({**self.sections, "programmes": programmes}, "", 0, 0)


def _normalised(part: Node, section: str) -> dict[str, Node]:
    """The entries of a section with NFKC-normalised names, refusing two that become the same."""
    result: dict[str, Node] = {}
    for name, node in mapping(part, section).items():
        key = unicodedata.normalize("NFKC", name) if section != "sources" else name
        if key in result:
            raise RulesetError(
                Problem("duplicate-name", f"“{name}”规范化后与另一个名称相同", node.key_location)
            )
        result[key] = node
    return result


class _Overlay:
    """A district's or an office's own reading: files to add, values to replace."""

    def __init__(self, path: Path) -> None:
        self.folder = path if path.is_dir() else path.parent
        node = read_file(path / "overlay.yaml" if path.is_dir() else path, error=RulesetError)
        self.fields = Fields(node, "overlay.yaml", OVERLAY_KEYS)
        self.id = self.fields.text("overlay")
        self.precedence = self.fields.one_of("precedence", PRECEDENCE)
        if "applies" in self.fields and "replace" in self.fields:
            raise fail(node, "overlay-mixed", "叠加规则不能同时有 applies 和 replace", "请分成两个")
        if "applies" not in self.fields and "add" in self.fields:
            raise fail(node, "ruleset-missing-key", "有 add 的叠加规则要写 applies（对谁适用）")

    def lay_on(self, raw: _RawRuleset) -> None:
        base = self.fields.text("on")
        if base != raw.head.text("ruleset"):
            raise fail(self.fields.need("on"), "overlay-base", f"这份叠加规则用于“{base}”，不能叠在“{raw.head.text('ruleset')}”上")  # fmt: skip
        if self.id in raw.overlays:
            raise fail(self.fields.need("overlay"), "duplicate-name", f"叠加规则“{self.id}”选了两次")
        raw.overlays.append(self.id)
        raw.notes.extend(self.fields.texts("notes"))
        for item in self.fields.get("add").value if "add" in self.fields else []:  # type: ignore[union-attr]
            self._add(raw, item)  # type: ignore[arg-type]
        if "replace" in self.fields:
            for path, node in mapping(self.fields.need("replace"), "replace").items():
                self._replace(raw, path, node)

    def _add(self, raw: _RawRuleset, item: Node) -> None:
        name = word(item, "add 里的文件名")
        if not (self.folder / name).is_file():
            raise fail(item, "ruleset-file", f"没有文件“{name}”")
        node = read_file(self.folder / name, error=RulesetError)
        if "programme" in mapping(node, name):
            identifier = raw.add_file(self.folder, item)
            assert identifier is not None
            raw.guards[identifier] = (f"{self.id}-APPLIES", self.fields.need("applies"))
            return
        for section, part in mapping(node, name).items():
            if section not in SECTIONS:
                message = f"文件“{name}”里没有“{section}”这一节"
                raise RulesetError(
                    Problem("ruleset-unknown-key", message, part.key_location, nearest(section, SECTIONS))
                )
            raw.merge(section, part)

    def _replace(self, raw: _RawRuleset, path: str, node: Node) -> None:
        """Puts `node` in the place that a dotted path names; a step of digits counts from 0."""
        steps = path.split(".")
        inner = raw.root()
        for index, step in enumerate(steps):
            value = inner.value
            entries: Mapping[str, Node] = (
                value if isinstance(value, dict) else {str(i): n for i, n in enumerate(value)} if isinstance(value, list) else {}
            )  # fmt: skip
            if step not in entries:
                shown = ".".join(steps[: index + 1])
                raise RulesetError(
                    Problem("overlay-path", f"replace 的路径“{shown}”在原规则集里没有", node.key_location, nearest(step, entries))
                )  # fmt: skip
            inner = entries[step]
        inner.value, inner.file, inner.line, inner.column = (node.value, node.file, node.line, node.column)
        inner.flow = node.flow
        raw.replaced.append(path)


def _check_names(figures: Mapping[str, str], definitions: Definitions, programmes: Iterable[str]) -> None:
    """One name, one meaning: nothing may be called like a fact, nor a definition like a figure or a programme."""
    for name, node in definitions.nodes.items():
        if name in figures or name in FACTS or name in programmes or name == COUNTED_INCOME:
            raise RulesetError(Problem("duplicate-name", f"定义“{name}”与另一个名称相同", node.key_location))
    for name, location in figures.items():
        if name in FACTS or name == COUNTED_INCOME:
            raise RulesetError(Problem("duplicate-name", f"标准或假设“{name}”与案卷里的名称相同", location))


def _outlines(programmes: Mapping[str, Node]) -> dict[str, tuple[Level, tuple[str, ...]]]:
    """Level and routes of every programme by its name, which no two may share."""
    result: dict[str, tuple[Level, tuple[str, ...]]] = {}
    for node in programmes.values():
        _, name, level, routes = outline(node)
        if name in result:
            raise fail(mapping(node, "项目文件")["name"], "duplicate-name", f"已有叫“{name}”的项目")
        result[name] = (level, routes)
    return result


def _build(raw: _RawRuleset) -> Ruleset:
    head = raw.head
    coverage = Fields(head.need("coverage"), "coverage", ("from", "checked_through"))
    start = coverage.month_or_none("from")
    if start is None:
        raise fail(coverage.node, "ruleset-missing-key", "coverage 缺少“from”")
    sources = build_sources(raw.sections["sources"])
    assumptions = build_assumptions(raw.sections["assumptions"])
    common = Common(sources, assumptions)
    parameters = Parameters(raw.sections["parameters"], common).built
    definitions = Definitions(
        common,
        mapping(raw.sections["definitions"], "definitions"),
        mapping(raw.sections["income_kinds"], "income_kinds"),
    )
    outlines = _outlines(raw.programmes)
    plain = {name: p.symbol for name, p in parameters.items() if not p.keys}
    plain |= {a.name: assumption_symbol(a) for a in assumptions.values() if a.name and a.type}
    scope = Names(
        parameters=plain,
        tables={name: (p.symbol, p.keys) for name, p in parameters.items() if p.keys},
        income_kinds=definitions.income_signed,
        programmes={name: (name, level, routes) for name, (level, routes) in outlines.items()},
        definitions=definitions.nodes,
        define=definitions.symbol,
    )
    definitions.scope = scope
    figures = {name: p.location for name, p in parameters.items()}
    figures |= {a.name: a.location for a in assumptions.values() if a.name}
    _check_names(figures, definitions, outlines)
    built = definitions.build_all()
    kinds = definitions.build_income_kinds()
    programmes = {}
    for identifier, node in raw.programmes.items():
        programmes[identifier] = ProgrammeBuilder(node, common, scope, raw.guards.get(identifier)).build()
        check_uses(programmes[identifier], built)
    for programme in programmes.values():
        check_alternatives(programme, programmes)
    rules = Ruleset(
        id=head.text("ruleset"),
        title=head.text("title"),
        english=head.text_or_none("english"),
        overlays=tuple(raw.overlays),
        replaced=tuple(raw.replaced),
        start=start,
        checked_through=coverage.month_or_none("checked_through"),
        refuse_before=head.text_or_none("refuse_before"),
        sources=sources,
        assumptions=assumptions,
        parameters=parameters,
        definitions=built,
        income_kinds=kinds,
        programmes=programmes,
        notes=tuple(raw.notes),
        folder=raw.folder.name,
        notices=tuple(common.notices),
    )
    check_cycles(rules)
    check_gaps(rules)
    return rules
