"""Renders in the index: their columns, the rows of a listing, and queries."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from distill.errors import UsageError
from distill.library.index import Table, like, sql_text
from distill.library.render import Render
from distill.printable import one_line

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
"""A date without a time."""

MOST_WORDS = 50
"""Words of a search, at most: SQLite takes no condition of a thousand parts."""

LONGEST_TEXT = 1000
"""Characters of a text that is searched for, at most: SQLite takes no pattern of 50,000 bytes."""


class RenderRow(NamedTuple):
    """A render in a listing: thousands are made at once, so that it is no dataclass.

    Attributes:
        id: Its id.
        title: Its name, or that of its file.
        model_name: Name of its model.
        model_id: The id in the metadata of its model.
        model_hash: SHA-256 of the weights of its model.
        way: Kind of its mode.
        seed: Of its draw.
        duration_s: Length in seconds.
        loudness_lufs: Integrated loudness; None for silence.
        copy_percent: Percentage of it that repeats passages of the corpus; None if unknown.
        tempo: In beats per minute; None where it keeps no beat.
        notes: Notes of a person.
        sha256: Of the sound file.
        path: Its sound file; signs that are no Unicode are written out.
        made: When, UTC.
        starred: Whether it has a star.
        replaced: Whether a later render was written over its file.
    """

    id: str
    title: str
    model_name: str
    model_id: str
    model_hash: str
    way: str
    seed: int
    duration_s: float
    loudness_lufs: float | None
    copy_percent: float | None
    tempo: float | None
    notes: str
    sha256: str
    path: str
    made: str
    starred: bool
    replaced: bool

    @classmethod
    def columns(cls) -> str:
        """The columns of a row, for SQL; all but the last, which follows from other rows."""
        return ", ".join(cls._fields[:-1])

    @classmethod
    def of(cls, values: tuple[Any, ...], latest: Mapping[str, str]) -> "RenderRow":
        """The row of such columns.

        Args:
            values: The columns.
            latest: When the last render was written to each path that several were written to.
        """
        *facts, path, date, star = values
        is_replaced = path in latest and date < latest[path]
        return cls._make([*facts, path, date, bool(star), is_replaced])


LATEST = "SELECT path, MAX(made) FROM renders GROUP BY path HAVING COUNT(*) > 1"
"""Paths that several renders were written to, and when the last one was."""

TABLE = Table(
    name="renders",
    columns=(*RenderRow._fields[:-1], "file_name", "codes_name", "words"),
    lookups=("path, made", "id", "made", "codes_name", "sha256"),
)
"""Renders in the index; `words` is what a search goes by."""


@dataclass(frozen=True)
class RenderList:
    """A listing.

    Attributes:
        rows: The renders, the latest first.
        total: How many there are without the limit.
        problems: Sentences on records that cannot be used.
    """

    rows: list[RenderRow]
    total: int
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class RenderQuery:
    """Conditions that all have to hold; those left out hold for every render.

    Attributes:
        text: Words, each of which occurs in name, notes, file, model, mode, tags or prompt.
        model: An id or hash of a model, the beginning of one, or a part of its name.
        way: Kind of the mode.
        seed: The seed.
        most_copy: Largest percentage of repeated passages; those that cannot tell are left out.
        starred: True for those with a star, False for those without.
        since: First day, as `2026-11-29`, or a time as `2026-11-29T18:30`.
        until: Last day, or a time.
        before: Id of the render after which the listing begins: for pages.
        path: The sound file.
        codes_name: Name of the codes file, without its folder.
        sha256: Of the sound file.
        id_or_title: An id, its last letters, a name, or the name of the file.
        model_names: Present names of models by the ids in their files, which are searched too.
    """

    text: str = ""
    model: str = ""
    way: str = ""
    seed: int | None = None
    most_copy: float | None = None
    starred: bool | None = None
    since: str = ""
    until: str = ""
    before: str = ""
    path: Path | None = None
    codes_name: str = ""
    sha256: str = ""
    id_or_title: str = ""
    model_names: Mapping[str, str] = field(default_factory=dict)

    def condition(self) -> tuple[str, list[Any]]:
        """The condition as SQL, and its values. `UsageError` for no date, or too long a text."""
        parts = ["problem IS NULL"]
        values: list[Any] = []

        def add(part: str, *more: Any) -> None:
            parts.append(part)
            values.extend(more)

        for text in (self.text, self.model, self.id_or_title):
            _check_text(text)
        for word in _searchable(sql_text(self.text)).split():
            named, ids = self._named(word)
            add(f"(words LIKE ? ESCAPE '!' OR {named})", like(word), *ids)
        if self.model:
            model = sql_text(self.model)
            start = f"{like(model)[1:]}"
            named, ids = self._named(_searchable(model))
            add(
                "(model_id LIKE ? ESCAPE '!' OR model_hash LIKE ? ESCAPE '!' "
                f"OR model_name LIKE ? ESCAPE '!' OR {named})",
                start,
                start,
                like(model),
                *ids,
            )
        if self.way:
            add("way = ?", sql_text(self.way))
        if self.seed is not None:
            add("seed = ?", self.seed if self.seed.bit_length() < 64 else -1)
        if self.most_copy is not None:
            add("copy_percent <= ?", self.most_copy)
        if self.starred is not None:
            add("starred = ?", self.starred)
        if self.since:
            add("made >= ?", _utc(self.since, "--since"))
        if self.until:
            add("made < ?", _utc(self.until, "--until", end=True))
        if self.before:
            before = sql_text(self.before)
            add("(made, id) < ((SELECT made FROM renders WHERE id = ?), ?)", before, before)
        if self.path is not None:
            add("path = ?", sql_text(str(self.path)))
        if self.codes_name:
            add("codes_name = ?", sql_text(self.codes_name))
        if self.sha256:
            add("sha256 = ?", self.sha256)
        if self.id_or_title:
            text = sql_text(self.id_or_title)
            add(
                "(id LIKE ? ESCAPE '!' OR title = ? OR file_name = ?)",
                like(text)[:-1],
                text,
                text,
            )
        return " AND ".join(parts), values

    def _named(self, text: str) -> tuple[str, list[str]]:
        """The condition that the present name of the model holds a text, and its values."""
        ids = [key for key, name in self.model_names.items() if text in _searchable(name)]
        return f"model_id IN ({', '.join('?' * len(ids))})", ids


def _check_text(text: str) -> None:
    """`UsageError` for a text that is too long to be searched for."""
    if len(text.split()) > MOST_WORDS or len(text) > LONGEST_TEXT:
        raise UsageError(
            f"A search takes at most {MOST_WORDS} words and {LONGEST_TEXT} characters: give fewer."
        )


def _searchable(text: str) -> str:
    """`text` as a search goes by it; for SQL, a pattern and a text end at a zero."""
    return text.casefold().replace("\0", " ")


def row_of(render: Render) -> dict[str, Any]:
    """The row of a render for the index."""
    tempo = (render.timing or {}).get("tempo")
    steering = render.recipe.get("steering")
    tags = steering.get("tags", ()) if isinstance(steering, dict) else ()
    sampling = render.recipe.get("sampling")
    prompt = sampling.get("like", "") if isinstance(sampling, dict) else ""
    words = (
        *(render.title, render.notes, render.path.name, render.model_name, render.way, prompt),
        *render.heard,
        *(str(tag[0]) for tag in tags if isinstance(tag, list) and tag),
    )
    return {
        "id": render.id,
        "title": render.title,
        "path": str(render.path),
        "made": render.made,
        "model_name": render.model_name,
        "model_id": render.model_id,
        "model_hash": render.model_hash,
        "way": render.way,
        "seed": render.seed,
        "duration_s": render.duration_s,
        "loudness_lufs": render.loudness_lufs,
        "copy_percent": render.copy_percent,
        "tempo": float(tempo) if isinstance(tempo, int | float) else None,
        "starred": render.starred,
        "notes": render.notes,
        "file_name": render.path.name,
        "codes_name": render.codes.name if render.codes else "",
        "sha256": render.sha256,
        "words": _searchable("\n".join(map(str, words))),
    }


def utc_text(moment: datetime) -> str:
    """A moment as records have it; such texts sort by time."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _utc(text: str, option: str, end: bool = False) -> str:
    """A day or time of the user's clock, in UTC as records have it; of a day, its end or begin."""
    try:
        moment = datetime.fromisoformat(text)
        if end and DAY.fullmatch(text):
            moment += timedelta(days=1)
        return utc_text(moment)
    except (ValueError, OverflowError, OSError) as error:
        raise UsageError(
            f"{option} takes a day, as 2026-11-29, or a time, as 2026-11-29T18:30, "
            f"not '{one_line(text)}'."
        ) from error
