"""Renders under the present names of their models. Free of torch.

A record keeps the name that the model file had in it. A person may have given the model another
name since: wherever the library has that model, its renders go by that name.
"""

from collections.abc import Mapping
from dataclasses import replace

from distill.library.models import list_models
from distill.library.render import Render
from distill.library.render_table import RenderList, RenderQuery, RenderRow
from distill.library.renders import find_renders
from distill.library.workspace import Workspace


def model_names(workspace: Workspace) -> dict[str, str]:
    """Names of the models of the library, by the ids in their files."""
    models = list_models(workspace).models
    names = {model.model_id: model.name for model in models}
    # Copies of a file have the same id in them: the one that kept it as its own goes before them.
    return names | {model.id: model.name for model in models if model.id == model.model_id}


def list_renders(
    workspace: Workspace, query: RenderQuery | None = None, limit: int | None = None
) -> RenderList:
    """As `find_renders`, with the present names of models; a search finds these too."""
    names = model_names(workspace)
    found = find_renders(workspace, replace(query or RenderQuery(), model_names=names), limit)
    return replace(found, rows=[_row_with_present_name(row, names) for row in found.rows])


def _row_with_present_name(row: RenderRow, names: Mapping[str, str]) -> RenderRow:
    name = names.get(row.model_id, row.model_name)
    # Most names never change, and a copy of each of 10,000 rows takes as long as finding them.
    return row if name == row.model_name else row._replace(model_name=name)


def with_present_name(workspace: Workspace, render: Render) -> Render:
    """A render with the present name of its model."""
    name = model_names(workspace).get(render.model_id, render.model_name)
    return replace(render, model_name=name)
