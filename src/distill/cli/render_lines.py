"""The line that commands print about a generated sound."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from distill.library.rendering import RenderResult


def render_line(result: "RenderResult", max_copy: float | None = None) -> str:
    """What a sound is, and how much of it repeats the corpus.

    Args:
        result: The sound.
        max_copy: Percentage of it that was allowed to repeat passages of the corpus; None: any.
    """
    sound = result.sound
    seconds = sound.audio.shape[1] / sound.sample_rate
    tempo = f"{sound.timing.tempo:.4g} BPM, " if sound.timing else ""
    head = (
        f"{result.path}: {seconds:.1f} s, {tempo}{sound.loudness:.1f} LUFS, "
        f"seed {sound.recipe.seed}{_prompt(sound.prompt_names)}."
    )
    if sound.copy is None:
        return (
            f"{head} How much it copies is unknown: the prior was trained with an older Distill. "
            "Train it again to find out."
        )
    if max_copy is None or sound.copy.passage_percent <= max_copy:
        return f"{head} {sound.copy.sentence}"
    return (
        f"{head} {sound.copy.sentence} None of {sound.draws} draws stayed under "
        f"--max-copy {max_copy:g}; this one copies least."
    )


def _prompt(names: tuple[str, ...]) -> str:
    if not names:
        return ""
    return f", after hearing {names[0] if len(names) == 1 else f'{len(names)} recordings'}"
