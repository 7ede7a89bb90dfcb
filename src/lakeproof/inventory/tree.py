"""YAML read once as nodes, so that every value keeps the line and column it came from."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import Any

import yaml

from lakeproof.inventory.problems import Loc, Problem, key_path

MOST_NODES = 200_000
DEEPEST = 40


@dataclass
class Tree:
    """The plain data of a YAML text, where each value stands, and what was wrong with the form."""

    data: Any = None
    problems: list[Problem] = field(default_factory=list)
    values: dict[Loc, yaml.Node] = field(default_factory=dict)
    keys: dict[Loc, yaml.Node] = field(default_factory=dict)

    def place(self, loc: Loc, *, on_key: bool = False) -> tuple[int, int]:
        """Line and column (from 1) of a key path, or of the nearest enclosing one that exists."""
        if on_key and loc in self.keys:
            return _position(self.keys[loc])
        while loc not in self.values and loc:
            loc = loc[:-1]
        return _position(self.values[loc]) if loc in self.values else (1, 1)

    def written(self, loc: Loc) -> str | None:
        """A scalar as it stands in the file (`NO`, not `False`); None for anything else."""
        node = self.values.get(loc)
        return node.value if isinstance(node, yaml.ScalarNode) else None


class SyntaxProblem(Exception):  # noqa: N818  reported as a problem like the others
    """The text is no YAML: line and column (from 1) and what the parser stumbled over."""

    def __init__(self, line: int, column: int, sentence: str) -> None:
        super().__init__(sentence)
        self.line, self.column, self.sentence = line, column, sentence


def read_tree(text: str) -> Tree:
    """The nodes of one YAML document; raises SyntaxProblem when it is none."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise SyntaxProblem(line, column, _explain(text, line, error)) from None
    except yaml.YAMLError as error:
        raise SyntaxProblem(1, 1, f"not readable as YAML ({type(error).__name__})") from None
    except RecursionError:
        raise SyntaxProblem(1, 1, "nested too deeply to be an inventory") from None
    tree = Tree()
    if root is not None:
        tree.data = _Builder(tree).build((), root)
    return tree


def _explain(text: str, line: int, error: yaml.MarkedYAMLError) -> str:
    lines = text.splitlines()
    written = lines[line - 1] if line <= len(lines) else ""
    if "\t" in written[: len(written) - len(written.lstrip())]:
        return "found a tab in the indentation, expected blanks (YAML allows no tabs there)"
    # only the parser's words: its context quotes the file, which may hold a secret
    return f"not valid YAML: {error.problem or error.context or 'unreadable'}"


def _position(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


class _Builder:
    """Turns nodes into plain data; aliases are followed, within bounds."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.constructor = yaml.SafeLoader("")

    def build(self, loc: Loc, node: yaml.Node) -> Any:  # noqa: ANN401  YAML data is of any type
        self.tree.values[loc] = node
        if len(self.tree.values) > MOST_NODES or len(loc) > DEEPEST:
            line, column = _position(node)
            raise SyntaxProblem(line, column, "too many or too deeply nested values (an alias?)")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(loc, node)
        if isinstance(node, yaml.SequenceNode):
            return [self.build((*loc, i), item) for i, item in enumerate(node.value)]
        return self._scalar(loc, node)

    def _mapping(self, loc: Loc, node: yaml.MappingNode) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._wrong(loc, "a list or mapping as a key", "a plain word as the key")
                continue
            inner = (*loc, key_node.value)
            if key_node.value in data:
                line = _position(self.tree.keys[inner])[0]
                self.tree.keys[inner] = key_node
                self._wrong(inner, f"the key a second time (first in line {line})", "it once")
                continue
            self.tree.keys[inner] = key_node
            data[key_node.value] = self.build(inner, value_node)
        return data

    def _scalar(self, loc: Loc, node: yaml.Node) -> Any:  # noqa: ANN401  as build
        try:
            value = self.constructor.construct_object(node)
        except yaml.constructor.ConstructorError:
            self._wrong(loc, f"the YAML tag {node.tag}", "a plain value")
            return None
        except ValueError:
            self._wrong(loc, "a date or number that does not exist", "a valid one")
            return None
        return str(value) if type(value) is datetime.date else value

    def _wrong(self, loc: Loc, found: str, expected: str) -> None:
        self.tree.problems.append(Problem(loc, found, expected, on_key=True))


__all__ = ["SyntaxProblem", "Tree", "key_path", "read_tree"]
