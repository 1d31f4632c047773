"""Traits of the modes of generation: what a face must know of them before torch is there.

`registry.py` has the class of each mode.
"""

from dataclasses import dataclass

from distill.inference.modes.request import ModeSettings


@dataclass(frozen=True)
class ModeTraits:
    """What a mode takes and gives.

    Attributes:
        kind: Its name in requests and in sound files.
        option: The command-line option that asks for it; empty for the default mode.
        settings: The fields of `ModeSettings` that it reads.
        takes_source: Whether it starts from a sound file. The prior then hears that file, and no
            recording of the corpus.
        lasts_as_source: Whether its sounds last as long as their source.
        longer_begins_alike: Whether a longer sound of the same seed begins as a shorter one does.
    """

    kind: str
    option: str = ""
    settings: tuple[str, ...] = ()
    takes_source: bool = False
    lasts_as_source: bool = False
    longer_begins_alike: bool = True

    @property
    def argument(self) -> str:
        """The argument of `distill.generate` that asks for this mode."""
        return self.option.lstrip("-").replace("-", "_")


LOOP = "loop"
"""Kind of the sounds whose end flows into their start."""

TRAITS: dict[str, ModeTraits] = {
    traits.kind: traits
    for traits in (
        ModeTraits(kind=ModeSettings.kind),
        ModeTraits(kind="continue", option="--continue-from", takes_source=True),
        ModeTraits(kind="one-shot", option="--one-shot"),
        ModeTraits(kind=LOOP, option="--loop", longer_begins_alike=False),
        ModeTraits(
            kind="variation",
            option="--variation-of",
            settings=("amount",),
            takes_source=True,
            lasts_as_source=True,
        ),
        ModeTraits(
            kind="infill",
            option="--infill",
            settings=("start", "stop"),
            takes_source=True,
            lasts_as_source=True,
        ),
    )
}
"""The traits of each mode, by kind. Kinds are written into sound files."""

SOURCE_OPTIONS = tuple(traits.argument for traits in TRAITS.values() if traits.takes_source)
"""Arguments of `distill.generate` that name the sound to start from."""


def traits_of(settings: ModeSettings) -> ModeTraits:
    """The traits of the mode that `settings` name. `ValueError` for an unknown kind."""
    if settings.kind not in TRAITS:
        raise ValueError(f"there is no mode '{settings.kind}'")
    return TRAITS[settings.kind]
