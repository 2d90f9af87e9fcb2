"""The small expression language of rulesets: text becomes checked, typed, frozen nodes; nothing is ever executed as text."""

from .nodes import Node, Origin, Symbol, Type, canonical, render
from .parse import Scope, parse_expression

__all__ = ["Node", "Origin", "Scope", "Symbol", "Type", "canonical", "parse_expression", "render"]
