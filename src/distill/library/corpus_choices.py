"""Several choices about files of a corpus in one change. Free of torch."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from distill.bounds import check_bound
from distill.errors import UsageError
from distill.library.corpora import (
    CONTENT_HASH,
    LONGEST_NOTE,
    LONGEST_TAG,
    MOST_TAGS,
    Corpus,
    FileChoices,
    change,
)
from distill.library.corpus_listing import kept_listing
from distill.library.records import check_text
from distill.library.workspace import Workspace


def change_choices(
    workspace: Workspace,
    corpus: Corpus,
    *,
    muted: Mapping[str, bool] | None = None,
    weights: Mapping[str, float] | None = None,
    tags: Mapping[str, Sequence[str]] | None = None,
    notes: Mapping[str, str] | None = None,
) -> Corpus:
    """Change choices about files, all or none, each by the content hash of its file.

    Args:
        workspace: The workspace.
        corpus: The corpus.
        muted: Whether a file is left out.
        weights: How often it is heard.
        tags: All its tags.
        notes: The note on it.

    Returns:
        The corpus as it is then.

    Raises:
        UsageError: The corpus has no such file, or a choice is out of bounds.
        OutputError: The record cannot be written.
    """
    muted, weights, tags, notes = muted or {}, weights or {}, tags or {}, notes or {}
    names = _names(workspace, corpus)
    wanted = {*muted, *weights, *tags, *notes}
    for key in wanted:
        if not CONTENT_HASH.fullmatch(key) or key not in names:
            raise UsageError(f"The corpus has no file {key[:12]}…: scan it again.")
    for weight in weights.values():
        check_bound("--weight", weight)

    def edit(key: str, choices: FileChoices) -> FileChoices:
        if key in muted:
            choices = replace(choices, muted=muted[key])
        if key in weights:
            choices = replace(choices, weight=weights[key])
        if key in tags:
            choices = replace(choices, tags=_checked_tags(tags[key]))
        if key in notes:
            choices = replace(choices, note=check_text(notes[key], "note", LONGEST_NOTE))
        return choices

    return change(workspace, corpus, {key: names[key] for key in sorted(wanted)}, edit)


def _names(workspace: Workspace, corpus: Corpus) -> dict[str, str]:
    """Names of all files that the last scan found or that have choices, by content hash."""
    listing = kept_listing(workspace, corpus)
    scanned = {file.hash: file.name for file in listing.files} if listing else {}
    return {key: choices.name for key, choices in corpus.files.items()} | scanned


def _checked_tags(tags: Sequence[str]) -> tuple[str, ...]:
    texts = [check_text(text, "tag", LONGEST_TAG) for text in tags]
    if not all(texts):
        raise UsageError("A tag is empty: give it a name.")
    distinct = tuple(dict.fromkeys(texts))
    if len(distinct) > MOST_TAGS:
        raise UsageError(f"A file has {MOST_TAGS} tags at most.")
    return distinct
