"""pydantic's validation errors in the words of the person who writes the inventory."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from lakeproof.inventory.model import Inventory
from lakeproof.inventory.problems import Loc, Problem, nearest, one_of, shown

EXPECTED = {
    "string_type": "text (put it in quotes)",
    "bool_type": "yes or no",
    "int_type": "a whole number",
    "float_type": "a number",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "list_type": "a list",
    "tuple_type": "a list",
    "byte_size": "a size such as 500MB or 2GiB",
    "byte_size_unit": "a size such as 500MB or 2GiB",
    "datetime_type": "a time with its zone such as 2026-08-01T06:00:00Z",
    "datetime_parsing": "a time with its zone such as 2026-08-01T06:00:00Z",
    "datetime_from_date_parsing": "a time with its zone such as 2026-08-01T06:00:00Z",
    "timezone_aware": "a time with its zone such as 2026-08-01T06:00:00Z",
    "greater_than": "a number greater than {gt}",
    "greater_than_equal": "a number of at least {ge}",
    "less_than_equal": "a number of at most {le}",
    "too_short": "at least one",
    "string_pattern_mismatch": "two capital letters such as DE",
}
# keys people look for that are left out on purpose
ADVICE = {
    "version": "; the version of a storage is observed, never written here",
    "token": '; a token is named under "auth: {tokens: ...}"',
    "secret": "; a secret is never written here",
    "password": "; a secret is never written here",
    "url": '; an endpoint\'s URL goes under "doors: {webdav: ...}"',
}


def explain(
    error: ValidationError,
    written: Callable[[Loc], str | None],
    root: type[BaseModel] = Inventory,
) -> list[Problem]:
    """Every problem in `error`; `written` gives a scalar as it stands in the file."""
    return [
        _explain(root, entry, written(tuple(entry["loc"])))
        for entry in error.errors(include_url=False)
        # pydantic calls a list too short as well when its items are wrong: said already
        if entry["type"] != "too_short" or not entry["input"]
    ]


def _explain(root: type[BaseModel], entry: ErrorDetails, written: str | None) -> Problem:
    kind, loc, value = entry["type"], tuple(entry["loc"]), entry["input"]
    context: dict[str, Any] = entry.get("ctx", {})
    if kind == "missing":
        return Problem(loc, "nothing", "this key, which is required")
    if kind == "extra_forbidden":
        return _unknown_key(root, loc)
    found = shown(loc, value if isinstance(value, dict | list) else written or value)
    if kind == "lakeproof":
        return Problem(loc, context["found"] or found, context["expected"])
    if kind == "literal_error":
        return Problem(loc, found, _options(context["expected"].replace("'", ""), str(value)))
    expected = EXPECTED.get(kind, "").format(**context) or entry["msg"].lower()
    if kind == "bool_type" and value in ("yes", "no", "true", "false"):
        expected += " (without quotes)"
    return Problem(loc, found, expected)


def _options(options: str, value: str) -> str:
    known = options.replace(" or ", ", ").split(", ")
    return f"{options} (without quotes)" if value in known else f"{options}{nearest(value, known)}"


def _unknown_key(root: type[BaseModel], loc: Loc) -> Problem:
    key = str(loc[-1])
    known = known_keys(root, loc[:-1])
    hint = ADVICE.get(key, "") if key not in known else ""
    return Problem(
        loc, "an unknown key", f"{one_of(known)}{nearest(key, known) or hint}", on_key=True
    )


def known_keys(root: type[BaseModel], loc: Loc) -> list[str]:
    """The keys a mapping at `loc` may have."""
    annotation: Any = root
    for part in loc:
        model = _model_in(annotation)
        if model is not None and isinstance(part, str):
            field = next((f for n, f in model.model_fields.items() if part in (n, f.alias)), None)
            annotation = field.annotation if field is not None else None
        else:
            annotation = _item_of(annotation)
    model = _model_in(annotation)
    return [] if model is None else [f.alias or n for n, f in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401  any annotation
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        models = (_model_in(option) for option in typing.get_args(annotation))
        return next((model for model in models if model is not None), None)
    return None


def _item_of(annotation: Any) -> Any:  # noqa: ANN401  any annotation
    arguments = typing.get_args(annotation)
    if typing.get_origin(annotation) is dict:
        return arguments[1]
    return arguments[0] if arguments else None
