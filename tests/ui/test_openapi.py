"""The OpenAPI document: up to date, and whole."""

import json
from pathlib import Path
from typing import Any

import pytest

from distill.ui.endpoints import ENDPOINTS, MESSAGES
from distill.ui.openapi import openapi_document
from distill.ui.schema import FieldError, restore, restore_text, schema_of

FILE = Path(__file__).parents[2] / "web" / "openapi.json"


def test_the_file_is_up_to_date() -> None:
    document = json.loads(json.dumps(openapi_document(ENDPOINTS, MESSAGES)))
    message = "run: python docs/build_openapi.py"
    assert json.loads(FILE.read_text(encoding="utf-8")) == document, message


def test_every_record_has_a_name_of_its_own() -> None:
    kinds: dict[str, set[Any]] = {}
    for endpoint in ENDPOINTS:
        for hint in endpoint.names.values():
            if hasattr(hint, "__dataclass_fields__"):
                kinds.setdefault(hint.__name__, set()).add(hint)
    assert [name for name, same in kinds.items() if len(same) > 1] == []
    operations = [endpoint.handler.__name__ for endpoint in ENDPOINTS]
    assert len(set(operations)) == len(operations)


def test_every_entry_is_described() -> None:
    document = openapi_document(ENDPOINTS, MESSAGES)
    for path, verbs in document["paths"].items():
        assert all(operation["summary"] for operation in verbs.values()), path


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (int, 1.0),
        (int, True),
        (int, 1 << 70),
        (float, "1"),
        (float, float("inf")),
        (str, 1),
        (list[int], {}),
        (list[int], ["a"]),
        (tuple[str, float], ["a"]),
        (dict[str, bool], {"a": 1}),
        (dict[str, bool], []),
    ],
)
def test_values_of_other_types_are_refused(kind: Any, value: Any) -> None:
    with pytest.raises(FieldError):
        restore(kind, value, "entry")


def test_values_are_read_as_they_are() -> None:
    assert restore(float, 1, "a") == 1.0
    assert restore(int | None, None, "a") is None
    assert restore(tuple[str, float], ["a", 2], "a") == ("a", 2.0)
    assert restore_text(bool | None, "true", "a") is True
    assert restore_text(int, "-3", "a") == -3
    for kind, text in ((bool, "1"), (int, "1.5"), (float, "nan"), (int, "٣" * 5000)):
        with pytest.raises(FieldError):
            restore_text(kind, text, "a")
    assert schema_of(tuple[int, ...], {}) == {"type": "array", "items": {"type": "integer"}}
