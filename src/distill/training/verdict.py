"""One plain sentence on how codec training went, from measured facts. Free of torch."""

from collections.abc import Sequence
from typing import Any

from distill.training.metrics import LevelHealth

STILL_FALLING = 0.03
OVERFITTING_RISE = 0.08


def codec_verdict(curves: Sequence[dict[str, Any]], levels: Sequence[LevelHealth], progress: float) -> str:
    """What the loss curves (points with `step`, `train_loss`, `val_loss`) and the codebooks say, and what to do."""
    low = [level for level in levels if level.is_low]
    if low:
        names = ", ".join(f"{level.name} {level.utilisation:.0%}" for level in low)
        return f"Codebooks are underused ({names} of their entries): train longer, or use a smaller --codebook-size."
    held_out = [point["val_loss"] for point in curves if "val_loss" in point]
    if len(held_out) < 3:
        return "Too early to tell: train longer."
    return _from_held_out(held_out, progress)


def _from_held_out(held_out: list[float], progress: float) -> str:
    best, last, earlier = min(held_out), held_out[-1], held_out[-max(2, len(held_out) // 4) - 1]
    if last > best * (1 + OVERFITTING_RISE):
        return (
            "Over-fitting: held-out sounds got worse while your own still improved. "
            "Use fewer minutes, or add recordings."
        )
    if progress < 1:
        return f"Learning: the held-out distance has come down from {held_out[0]:.2f} to {last:.2f}."
    if last < earlier * (1 - STILL_FALLING):
        return f"Still improving at the end (held-out distance {last:.2f}): more minutes would make it better."
    return f"Done: the held-out distance has settled at {last:.2f}; more minutes would gain little."
