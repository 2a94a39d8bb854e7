"""The OpenAPI document, made from the route table, and the reading of bodies by the same schemas."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import newsletter

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from newsletter.web.desk import ApiDoc, Door

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_DAY: Schema = {"type": "string", "format": "date"}
_MOMENT: Schema = {"type": "string", "format": "date-time"}
_COUNT: Schema = {"type": ["integer", "null"]}

SUBSCRIPTION: Schema = {
    "type": "object",
    "required": ["email"],
    "properties": {
        "email": {"type": "string", "format": "email", "minLength": 3, "maxLength": 320},
        "topics": {"type": "array", "items": {"type": "string", "maxLength": 100}, "maxItems": 100},
        "cadence": {"type": "string", "enum": ["daily", "weekdays", "weekly", "monthly"]},
        "send_hour": {"type": "integer", "minimum": 0, "maximum": 23},
        "timezone": {"type": "string", "maxLength": 64},
    },
    "additionalProperties": False,
}


def _object(required: dict[str, Schema], **optional: Schema) -> Schema:
    return {"type": "object", "required": list(required), "properties": {**required, **optional}}


def _list_of(name: str) -> Schema:
    return _object(
        {"items": {"type": "array", "items": _ref(name)}, "next": {"type": ["string", "null"]}},
        total={"type": "integer"},
    )


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


_PAPER = {
    "id": _TEXT,
    "url": _TEXT,
    "title": _TEXT,
    "abstract": _TEXT,
    "authors": {"type": "array", "items": _TEXT},
    "published": {"type": ["string", "null"], "format": "date"},
    "categories": {"type": "array", "items": _TEXT},
    "links": {"type": "object", "additionalProperties": _TEXT},
}
_NUMBERS = {"upvotes": _COUNT, "comments": _COUNT, "stars": _COUNT}
_LISTS = {"type": "array", "items": {"type": "object"}}

SCHEMAS: dict[str, Schema] = {
    "Paper": _object(
        _PAPER,
        **_NUMBERS,
        edition=_DAY,
        rank={"type": "integer"},
        why=_TEXT,
        score=_LISTS,
        readings=_LISTS,
        listings=_LISTS,
    ),
    "Papers": _list_of("Paper"),
    "Edition": _object(
        {"day": _DAY, "printed_at": _MOMENT, "notes": {"type": "array", "items": _TEXT}, "topics": _LISTS}
    ),
    "EditionLink": _object({"day": _DAY, "url": _TEXT}),
    "Editions": _list_of("EditionLink"),
    "Topic": _object({"slug": _TEXT, "name": _TEXT, "about": _TEXT, "url": _TEXT}),
    "Topics": _list_of("Topic"),
    "Subscription": SUBSCRIPTION,
    "Accepted": _object({"status": {"type": "string", "const": "accepted"}}),
    "Subscriber": _object({"id": {"type": "integer"}, "email": _TEXT, "status": _TEXT}),
    "Subscribers": _list_of("Subscriber"),
    "Run": _object({"id": {"type": "integer"}, "command": _TEXT, "day": _DAY, "outcome": _TEXT, "notes": _LISTS}),
    "Runs": _list_of("Run"),
    "Problem": _object({"type": _TEXT, "title": _TEXT, "status": {"type": "integer"}, "detail": _TEXT}),
    "Document": {"type": "object"},
}


def document(
    doors: Iterable[Door], *, name: str, base_url: str, topics: Sequence[str], zones: Sequence[str]
) -> dict[str, Any]:
    """OpenAPI 3.1 of every door that has a `doc`; `topics` and `zones` are what a subscription may name."""
    offered = {
        "topics": SUBSCRIPTION["properties"]["topics"] | {"items": {"type": "string", "enum": list(topics)}},
        "timezone": {"type": "string", "enum": list(zones)},
    }
    wish = SUBSCRIPTION | {"properties": SUBSCRIPTION["properties"] | offered}
    paths: dict[str, Any] = {}
    for door in doors:
        if door.doc is not None:
            entry = paths.setdefault(re.sub(r":path}", "}", door.path), {})
            for method in door.methods:
                entry[method.lower()] = _operation(door, door.doc)
    return {
        "openapi": "3.1.0",
        "info": {"title": name, "version": newsletter.__version__},
        "servers": [{"url": base_url}],
        "paths": paths,
        "components": {
            "schemas": SCHEMAS | {"Subscription": wish},
            "securitySchemes": {"operator": {"type": "http", "scheme": "bearer"}},
        },
    }


def read_object(body: bytes, schema: Schema) -> dict[str, Any] | str:
    """A JSON object that fits the schema, or what is wrong with it in a sentence."""
    try:
        value = json.loads(body, object_pairs_hook=_single)
    except _TwiceError as error:
        return f"`{str(error)[:50]}` is said twice."
    except (ValueError, RecursionError):
        return "The body is not JSON."
    if not isinstance(value, dict):
        return "The body is not a JSON object."
    for name in schema["required"]:
        if name not in value:
            return f"`{name}` is missing."
    for name, item in value.items():
        if name not in schema["properties"]:
            return f"`{name[:50]}` is not known here."
        if not _fits(item, schema["properties"][name]):
            return f"`{name}` has a wrong value."
    return value


class _TwiceError(Exception):
    """A name stands twice in one object: which of the two is meant, nobody can say (RFC 8259 section 4)."""


def _single(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _TwiceError(name)
        found[name] = value
    return found


def _fits(value: Any, schema: Schema) -> bool:
    """The few words of JSON Schema that our bodies use."""
    match schema["type"]:
        case "string":
            return (
                isinstance(value, str)
                and len(value) <= schema.get("maxLength", 1000)
                and value in schema.get("enum", [value])
            )
        case "integer":
            return (
                isinstance(value, int | float)
                and not isinstance(value, bool)
                and schema["minimum"] <= value <= schema["maximum"]  # which infinity and NaN are not
                and value == int(value)  # 7.0 is an integer (JSON Schema 2020-12, 4.2.1)
            )
        case _:
            return (
                isinstance(value, list)
                and len(value) <= schema["maxItems"]
                and all(_fits(item, schema["items"]) for item in value)
            )


def _operation(door: Door, doc: ApiDoc) -> dict[str, Any]:
    path_names = re.findall(r"{(\w+)(?::path)?}", door.path)
    parameters = [{"name": one, "in": "path", "required": True, "schema": _TEXT} for one in path_names]
    parameters += [
        {"name": one, "in": "query", "required": required, "schema": schema, "description": about}
        for one, schema, about, required in doc.query
    ]
    problems = {"400": "The request is wrong.", "404": "There is nothing here.", "429": "Too many.", "503": "Busy."}
    if doc.operator:
        problems["401"] = "The operator's token is missing or wrong."
    if any(one == "cursor" for one, *_ in doc.query):
        problems["409"] = "The cursor is of another search."
    if doc.body:
        problems |= {
            "403": "This address is not written to.",
            "409": "The same write is at work.",
            "413": "Too long.",
            "415": "Not JSON.",
            "422": "The values do not make sense.",
        }
    operation: dict[str, Any] = {
        "summary": doc.summary,
        "parameters": parameters,
        "responses": {
            str(doc.status): _answer("Done.", doc.answer, "application/json"),
            **{code: _answer(text, "Problem", "application/problem+json") for code, text in problems.items()},
        },
    }
    if doc.body:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": _ref(doc.body)}}}
        operation["parameters"].append(
            {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "maxLength": 255}}
        )
    if doc.operator:
        operation["security"] = [{"operator": []}]
    return operation


def _answer(text: str, schema: str, kind: str) -> dict[str, Any]:
    return {"description": text, "content": {kind: {"schema": _ref(schema)}}}
