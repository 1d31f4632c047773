"""Families of models: versions below their parents, and what changed between them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from distill.library.model import Model, corpus_change


def in_families(models: Sequence[Model]) -> list[Model]:
    """Models in the order of their family trees: each version after its parent."""
    return [model for model, _ in family_tree(models)]


def family_tree(models: Sequence[Model]) -> Iterator[tuple[Model, int]]:
    """Models with their depth: 0 for first versions, and for those whose parent is not there."""
    by_id = _by_id(models)
    children: dict[str, list[Model]] = {}
    roots = []
    for model in sorted(models, key=lambda model: (model.created, model.version, model.id)):
        parent = by_id.get(model.parent.id) if model.parent else None
        if parent is not None and parent.id != model.id:
            children.setdefault(parent.id, []).append(model)
        else:
            roots.append(model)
    ids: set[str] = set()
    # A damaged file may name its own child as its parent: such rings begin anywhere.
    for root in (*roots, *models):
        waiting = [(root, 0)]
        while waiting:
            model, depth = waiting.pop()
            if model.id in ids:
                continue
            ids.add(model.id)
            yield model, depth
            waiting += [(child, depth + 1) for child in reversed(children.get(model.id, []))]


def with_changes(models: Sequence[Model]) -> list[Model]:
    """Models with what changed in the corpus since their parents."""
    by_id = _by_id(models)
    result = []
    for model in models:
        parent = by_id.get(model.parent.id) if model.parent else None
        if parent is not None and parent is not model:
            model = replace(model, change=corpus_change(parent.corpus, model.corpus))
        result.append(model)
    return result


def _by_id(models: Sequence[Model]) -> dict[str, Model]:
    """Models by their ids; by that in its file, where a copy alone is there."""
    own = {model.model_id: model for model in models if model.model_id}
    return own | {model.id: model for model in models}
