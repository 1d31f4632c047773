"""Lines on a sound that plays: what goes on, and what was."""

from typing import TYPE_CHECKING

from distill.cli.console import clock

if TYPE_CHECKING:
    from distill.live.playing import Live, PlaySummary
    from distill.live.session import LiveState


def start_lines(live: "Live") -> list[str]:
    """What plays, and where controls come from."""
    late = round(1000 * live.session.delay_s)
    lines = [
        f"Playing on {live.output_name}, seed {live.session.log.settings.seed}; a control is heard "
        f"after {late} ms at most. Ctrl-C ends it."
    ]
    if live.osc is not None:
        lines.append(f"OSC: {live.osc.address.host}, port {live.osc.address.port}.")
    if live.midi_name:
        lines.append(f"MIDI: {live.midi_name}.")
    return lines


def state_line(state: "LiveState") -> str:
    """How it goes, on one line."""
    parts = [
        clock(state.seconds),
        f"{state.realtime_factor:.1f}x real time",
        f"buffer {state.buffer_ms:.0f} ms",
        _underruns(state.underruns),
    ]
    if state.loudness is not None:
        parts.append(f"{state.loudness:.1f} LUFS")
    if state.copy is not None:
        parts.append(f"copies {state.copy:.0f} %")
    if state.recording is not None:
        parts.append(f"recording {state.recording}")
    return " · ".join(parts)


def summary_lines(summary: "PlaySummary") -> list[str]:
    """What was played; remarks come first, each once."""
    lines = list(dict.fromkeys(summary.remarks))
    if summary.refused:
        lines.append(f"{summary.refused} of {summary.packets} OSC packets held nothing of use.")
    written = [*map(str, summary.recordings)]
    if summary.control_log is not None:
        written.append(str(summary.control_log))
    files = f"; wrote {', '.join(written)}" if written else ""
    lines.append(
        f"Played {clock(summary.seconds)} of seed {summary.seed}: {_underruns(summary.underruns)}, "
        f"{summary.realtime_factor:.1f}x real time, {summary.controls} controls{files}."
    )
    return lines


def _underruns(count: int) -> str:
    if count == 1:
        return "1 underrun"
    return f"{count or 'no'} underruns"
