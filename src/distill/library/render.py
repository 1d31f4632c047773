"""The record of a render: a generated sound with all that is known of it. Free of torch."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from distill.library.records import RecordError, absolute_path, stored_path
from distill.library.workspace import Workspace

VERSION = 1
"""Version of the record."""


@dataclass(frozen=True)
class Render:
    """A generated sound: its file, its codes, how it was made, and what a person noted of it.

    Field names are keys of the record. Entries that it lacks have the defaults.

    Attributes:
        id: Its id in the workspace.
        path: Its sound file, inside the workspace or elsewhere.
        made: When, UTC, as `2026-11-29T04:10:07.123456Z`.
        sha256: Of the sound file.
        bytes: Size of the sound file.
        codes: Its codes file; None where none could be written.
        codes_start_s: Where the codes begin in the sound, in seconds.
        recipe: Entries of its `Recipe`: model, seed, mode, settings, steering.
        model_name: Name of its model.
        model_path: File of its model at that time.
        source_path: The sound that it was made from, at that time; None without one.
        blend_path: File of the second model of a blend, at that time; None without one.
        sofa_path: SOFA file of a binaural sound, at that time; None for another.
        duration_s: Length in seconds.
        sample_rate: In Hz.
        channels: Number of channels.
        loudness_lufs: Integrated loudness; None for silence.
        copy: Entries of its `CopyReport`; None if the model cannot tell.
        timing: Entries of its `Timing`; None where it keeps no beat.
        heard: Recordings that served as the prompt.
        draws: Sounds that were drawn until one copied little enough.
        remarks: Sentences on what was changed or lost of the source.
        origin: The id of the render that it was made from: again, longer or varied.
        name: The name that a person gave it; else that of the file.
        notes: Notes of a person.
        starred: Whether it has a star.
    """

    id: str
    path: Path
    made: str
    recipe: dict[str, Any]
    sha256: str = ""
    bytes: int = 0
    codes: Path | None = None
    codes_start_s: float = 0.0
    model_name: str = ""
    model_path: Path | None = None
    source_path: Path | None = None
    blend_path: Path | None = None
    sofa_path: Path | None = None
    duration_s: float = 0.0
    sample_rate: int = 0
    channels: int = 0
    loudness_lufs: float | None = None
    copy: dict[str, Any] | None = None
    timing: dict[str, Any] | None = None
    heard: tuple[str, ...] = ()
    draws: int = 1
    remarks: tuple[str, ...] = ()
    origin: str = ""
    name: str = ""
    notes: str = ""
    starred: bool = False

    @property
    def title(self) -> str:
        """Its name, or that of its file."""
        return self.name or self.path.stem

    @property
    def seed(self) -> int:
        """Of its draw."""
        return int(self.recipe["seed"])

    @property
    def way(self) -> str:
        """Kind of its mode."""
        return str(self.recipe.get("way", {}).get("kind", "new"))

    @property
    def model_id(self) -> str:
        """The id in the metadata of its model."""
        return str(self.recipe["model_id"])

    @property
    def model_hash(self) -> str:
        """SHA-256 of the weights of its model."""
        return str(self.recipe["model_hash"])

    @property
    def second_model(self) -> str:
        """Name and share of the second model of a blend, as `tabla.sda, 40 %`; else empty."""
        blend = self.recipe.get("blend")
        if not isinstance(blend, dict) or not isinstance(blend.get("share"), int | float):
            return ""
        return f"{blend.get('name', '')}, {100 * blend['share']:.0f} %"

    @property
    def copy_percent(self) -> float | None:
        """Percentage of it that repeats passages of the corpus; None if unknown."""
        percent = (self.copy or {}).get("passage_percent")
        return float(percent) if isinstance(percent, int | float) else None

    def entries(self, workspace: Workspace) -> dict[str, Any]:
        """The record as JSON."""
        entries: dict[str, Any] = {"version": VERSION, **asdict(self)}
        for key in ("path", "codes", "model_path", "source_path", "blend_path", "sofa_path"):
            path = entries[key]
            entries[key] = None if path is None else stored_path(workspace, path)
        return entries

    @classmethod
    def from_entries(
        cls, workspace: Workspace, record: Path, entries: Mapping[str, Any]
    ) -> "Render":
        """Read the entries of the file `record`.

        Raises:
            RecordError: They are not those of a render.
        """
        for key, kind in _TYPES.items():
            if key in entries and not _is_of(entries[key], kind):
                raise RecordError(f"{record} is damaged ('{key}'): delete it.")
        recipe = entries.get("recipe")
        is_whole = {"id", "path", "made", "recipe"} <= entries.keys()
        if not is_whole or not isinstance(recipe, dict) or not _is_recipe(recipe):
            raise RecordError(f"{record} is damaged: delete it.")
        values = {key: entries[key] for key in _TYPES if key in entries}
        # A copy of a record is another render.
        values["id"] = record.stem
        for key in ("path", "codes", "model_path", "source_path", "blend_path", "sofa_path"):
            if values.get(key) is not None:
                values[key] = absolute_path(workspace, values[key])
        for key in ("heard", "remarks"):
            values[key] = tuple(values.get(key, ()))
        return cls(**values)


_TYPES: dict[str, Any] = {
    "id": str,
    "path": str,
    "made": str,
    "recipe": dict,
    "sha256": str,
    "bytes": int,
    "codes": (str, None),
    "codes_start_s": float,
    "model_name": str,
    "model_path": (str, None),
    "source_path": (str, None),
    "blend_path": (str, None),
    "sofa_path": (str, None),
    "duration_s": float,
    "sample_rate": int,
    "channels": int,
    "loudness_lufs": (float, None),
    "copy": (dict, None),
    "timing": (dict, None),
    "heard": [str],
    "draws": int,
    "remarks": [str],
    "origin": str,
    "name": str,
    "notes": str,
    "starred": bool,
}
"""Types of the entries; a tuple allows None, a list is one of such."""


def _is_of(value: Any, kind: Any) -> bool:
    if isinstance(kind, tuple):
        return value is None or _is_of(value, kind[0])
    if isinstance(kind, list):
        return isinstance(value, list) and all(_is_of(item, kind[0]) for item in value)
    if kind is float:
        return type(value) in (int, float) and abs(value) < float("inf")
    return type(value) is kind


def _is_recipe(recipe: Mapping[str, Any]) -> bool:
    """Whether the entries that a listing shows are there."""
    way = recipe.get("way", {})
    return (
        type(recipe.get("seed")) is int
        and isinstance(recipe.get("model_id"), str)
        and isinstance(recipe.get("model_hash"), str)
        and isinstance(way, dict)
        and isinstance(way.get("kind", "new"), str)
    )
