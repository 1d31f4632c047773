"""A sound that plays, in one hand: session, OSC, MIDI, and what is told at the end."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distill.live.controls import read_control
from distill.live.midi import MidiInput, MidiMap
from distill.live.osc import Address, OscSender, OscServer
from distill.live.outputs import Output
from distill.live.session import LiveSession, LiveState


@dataclass(frozen=True)
class PlaySummary:
    """What was played.

    Attributes:
        seconds: Length of the sound.
        frames: The same in code frames.
        seed: Its seed.
        output: The device.
        underruns: How often the device had too few samples.
        realtime_factor: Seconds of sound in a second of drawing.
        buffer_ms: Sound that was kept for the device at the end, in milliseconds.
        controls: Controls that were followed.
        copy: Percentage of the last seconds that repeats passages; None if unknown.
        recordings: Files that were recorded.
        control_log: The control log, if one was written.
        packets: OSC packets that came, and how many held nothing of use.
        refused: The latter.
        remarks: Sentences on what could not be followed.
    """

    seconds: float
    frames: int
    seed: int
    output: str
    underruns: int
    realtime_factor: float
    buffer_ms: float
    controls: int
    copy: float | None
    recordings: tuple[Path, ...]
    control_log: Path | None
    packets: int
    refused: int
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class Hearing:
    """Where controls come from, and where news go.

    Attributes:
        osc: Address that OSC packets come to; None for no OSC.
        send: Address that news go to; None for none.
        midi: Port of MIDI, or a part of its name; None for none.
        midi_map: Map of its controllers; None for the usual ones.
    """

    osc: Address | None = None
    send: Address | None = None
    midi: str | None = None
    midi_map: MidiMap | None = None


class Live:
    """A sound that plays, as `distill.play` gives it. Use as a context manager.

    Args:
        session: What plays.
        output: Its device; None for none.
        hearing: Where controls come from.
        sender: What sends news.
        log_path: File for the control log; None for none.

    Attributes:
        summary: What was played, once it has ended.
        output_name: The device.
        osc: What hears OSC; None for nothing.
        midi_name: The MIDI port; empty for none.

    Example:
        with distill.play(distill.load("my.sda"), output="jack") as live:
            live.set(brightness=80, tags={"drums": 0.7})
            live.wait(10)
        print(live.summary.underruns)
    """

    def __init__(
        self,
        session: LiveSession,
        output: Output | None,
        hearing: Hearing,
        sender: OscSender | None = None,
        log_path: Path | None = None,
    ) -> None:
        self.session = session
        self.summary: PlaySummary | None = None
        self.output_name = output.name if output else "no device"
        self.osc: OscServer | None = None
        self.midi_name = ""
        self._hearing = hearing
        self._log_path = log_path
        self._sender = sender
        self._stack = ExitStack()

    def __enter__(self) -> "Live":
        with ExitStack() as stack:
            if self._sender is not None:
                stack.callback(self._sender.close)
            # Ports that are taken are refused before anything sounds.
            put = self.session.put
            if self._hearing.osc is not None:
                self.osc = OscServer(self._hearing.osc, put)
                stack.callback(self.osc.close)
            if self._hearing.midi is not None:
                midi_map = self._hearing.midi_map or MidiMap()
                midi = stack.enter_context(MidiInput(self._hearing.midi, midi_map, put))
                self.midi_name = midi.name
            stack.enter_context(self.session)
            if self.osc is not None:
                stack.enter_context(self.osc)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def set(self, **controls: Any) -> None:
        """Change controls from the next block on; any thread may call it.

        Args:
            controls: `loudness`, `brightness`, `noisiness`, `pitch`, `onsets` (percentiles of the
                corpus; None frees them), `guidance`, `temperature`, `nearness`, `level` (dB),
                `seed`, `record` (True or False); `tags`, weights by name, 0 for none.

        Raises:
            UsageError: There is no such control, or a value is out of range.

        Example:
            live.set(brightness=80, level=-6)
        """
        tags = controls.pop("tags", {})
        changes = [read_control(name, [value]) for name, value in controls.items()]
        changes += [read_control("tag", [name, weight]) for name, weight in tags.items()]
        for change in changes:
            self.session.put(change)

    def strike(self, note: int = 60, velocity: int = 100) -> None:
        """Play a new one-shot over the stream.

        Args:
            note: Number of the note, for the log.
            velocity: How loud, 1 to 127.

        Raises:
            UsageError: A number is out of range.
        """
        self.session.put(read_control("note", [note, velocity]))

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for its end, for so many seconds at most; whether it is there."""
        return self.session.wait(seconds)

    @property
    def state(self) -> LiveState:
        """How it goes."""
        return self.session.state()

    def stop(self) -> PlaySummary:
        """Fade out, write all files, and tell what was played.

        Raises:
            OutputError: A file could not be written.
        """
        if self.summary is not None:
            return self.summary
        session = self.session
        try:
            self._stack.close()
        finally:
            # What was done is kept, whatever became of a recording.
            has_played = session.log.frames is not None
            log_path = session.log.save(self._log_path) if self._log_path and has_played else None
        state = session.state()
        self.summary = PlaySummary(
            seconds=state.seconds,
            frames=state.frame,
            seed=session.log.settings.seed,
            output=self.output_name,
            underruns=state.underruns,
            realtime_factor=state.realtime_factor,
            buffer_ms=state.buffer_ms,
            controls=len(session.log.controls),
            copy=state.copy,
            recordings=tuple(session.files),
            control_log=log_path,
            packets=self.osc.packets if self.osc else 0,
            refused=self.osc.refused if self.osc else 0,
            remarks=tuple(session.remarks),
        )
        return self.summary
