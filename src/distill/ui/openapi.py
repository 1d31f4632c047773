"""The OpenAPI document: what the endpoints take and give, from their annotations.

Source: https://spec.openapis.org/oas/v3.1.0.
"""

import inspect
from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from distill import __version__
from distill.ui.api import PREFIX, Endpoint, ErrorAnswer
from distill.ui.schema import Components, schema_of

BINARY = {"type": "string", "format": "binary"}


def openapi_document(
    endpoints: Sequence[Endpoint], messages: Sequence[type] = ()
) -> dict[str, Any]:
    """The document of all endpoints.

    Args:
        endpoints: The endpoints.
        messages: Records that pass over WebSockets, stated beside those of HTTP.
    """
    components: Components = {}
    schema_of(ErrorAnswer, components)
    for message in messages:
        schema_of(message, components)
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        operation = _operation(endpoint, components)
        paths.setdefault(PREFIX + endpoint.path, {})[endpoint.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "Distill", "version": __version__},
        "paths": paths,
        "components": {"schemas": components},
    }


def _operation(endpoint: Endpoint, components: Components) -> dict[str, Any]:
    summary, _, rest = (inspect.getdoc(endpoint.handler) or "").partition("\n\n")
    operation: dict[str, Any] = {
        "operationId": endpoint.handler.__name__,
        "summary": " ".join(summary.split()),
        "tags": [endpoint.path.split("/")[1]],
        "parameters": [_parameter(endpoint, entry, components) for entry in endpoint.parameters],
        "responses": _responses(endpoint, components),
    }
    if rest:
        operation["description"] = rest
    if body := _body(endpoint, components):
        operation["requestBody"] = {"required": True, "content": body}
    return operation


def _parameter(
    endpoint: Endpoint, entry: inspect.Parameter, components: Components
) -> dict[str, Any]:
    is_in_path = endpoint.is_in_path(entry.name)
    schema = schema_of(endpoint.names[entry.name], components)
    if entry.default not in (inspect.Parameter.empty, None):
        schema = schema | {"default": entry.default}
    return {
        "name": entry.name.rstrip("_"),
        "in": "path" if is_in_path else "query",
        "required": is_in_path or entry.default is inspect.Parameter.empty,
        "schema": schema,
    }


def _body(endpoint: Endpoint, components: Components) -> dict[str, Any]:
    if endpoint.takes:
        return {endpoint.takes: {"schema": BINARY}}
    if "body" in endpoint.names:
        return {"application/json": {"schema": schema_of(endpoint.names["body"], components)}}
    return {}


def _responses(endpoint: Endpoint, components: Components) -> dict[str, Any]:
    given = endpoint.names["return"]
    error = {"application/json": {"schema": schema_of(ErrorAnswer, components)}}
    responses = {"default": {"description": "It cannot be done.", "content": error}}
    if given is type(None):
        return {"204": {"description": "Done."}} | responses
    if isinstance(given, type) and issubclass(given, Response):
        content = {endpoint.media or "application/octet-stream": {"schema": BINARY}}
    else:
        content = {"application/json": {"schema": schema_of(given, components)}}
    return {str(endpoint.status): {"description": "Done.", "content": content}} | responses
