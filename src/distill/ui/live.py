"""`WS /api/v1/live`: new sound without end, steered while it plays."""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from distill.errors import DistillError, UsageError
from distill.files import parse_json
from distill.library.player_task import Block, PlayerTask
from distill.library.takes import order_stream
from distill.ui.context import Context
from distill.ui.events import LONGEST_MESSAGE, Serve
from distill.ui.messages import LiveBlock, LiveEnd, LiveOrder, LiveStart
from distill.ui.schema import restore_record
from distill.ui.words import page_words

AHEAD_S = 1.0
"""Seconds of sound that a tab has before it plays them: more would only delay steering."""


def serve_live(context: Context) -> Serve:
    """The endpoint of the stream; one plays at a time."""

    async def serve(socket: WebSocket) -> None:
        await socket.accept()
        if not context.live.acquire(blocking=False):
            await _end(socket, "Another tab plays already: stop it there first.")
            return
        try:
            await _Session(context, socket).run()
        finally:
            context.live.release()

    return serve


class _Session:
    """One tab and the stream that it plays, if any."""

    def __init__(self, context: Context, socket: WebSocket) -> None:
        self.context = context
        self.socket = socket
        self.task: PlayerTask | None = None
        self.playing: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Do what the tab says until it is gone."""
        try:
            with suppress(WebSocketDisconnect, RuntimeError):
                while True:
                    await self._obey(await self.socket.receive_text())
        finally:
            await self._stop()

    async def _obey(self, text: str) -> None:
        try:
            if len(text) > LONGEST_MESSAGE:
                raise UsageError("This message is too long.")
            order: LiveOrder = restore_record(LiveOrder, parse_json(text))
            if order.stop:
                await self._stop()
            elif order.start is not None:
                await self._stop()
                await self._start(order.start)
            elif order.steer is not None:
                if self.task is None:
                    raise UsageError("Nothing plays that could be steered.")
                self.task.steer(**order.steer)
        except (DistillError, ValueError, TypeError) as error:
            is_plain = isinstance(error, DistillError)
            sentence = page_words(str(error)) if is_plain else "This message cannot be read."
            await self.socket.send_text(json.dumps({"error": sentence}))

    async def _start(self, start: LiveStart) -> None:
        request = await asyncio.to_thread(
            order_stream,
            self.context.workspace,
            start.model,
            start.settings,
            seed=start.seed,
            blend=start.blend,
        )
        self.task = await asyncio.to_thread(self.context.player.submit, request)
        self.playing = asyncio.create_task(self._play(self.task))

    async def _stop(self) -> None:
        task, playing = self.task, self.playing
        self.task = self.playing = None
        if task is not None:
            await asyncio.to_thread(task.cancel)
        if playing is not None:
            with suppress(WebSocketDisconnect, RuntimeError):
                await playing

    async def _play(self, task: PlayerTask) -> None:
        """Send blocks, not much sooner than they are heard."""
        await self.socket.send_text(json.dumps({"state": "waiting", "task": task.id}))
        blocks = task.blocks()
        begin = 0.0
        sent_s = 0.0
        try:
            while (block := await asyncio.to_thread(_next, blocks)) is not None:
                begin = begin or time.monotonic()
                await self._send(block, sent_s)
                frames = len(block.samples) / (4 * block.channels)
                sent_s += frames / block.sample_rate
                await asyncio.sleep(max(0.0, begin + sent_s - AHEAD_S - time.monotonic()))
        except DistillError as error:
            await _end(self.socket, str(error), is_over=False)
            return
        except (WebSocketDisconnect, RuntimeError):
            # The tab is gone: nobody hears the rest.
            task.cancel()
            return
        await _end(self.socket, "", is_over=False)

    async def _send(self, block: Block, start_s: float) -> None:
        facts = LiveBlock(
            codes=block.codes,
            channels=block.channels,
            sample_rate=block.sample_rate,
            start_s=round(start_s, 6),
        )
        await self.socket.send_text(json.dumps({"block": asdict(facts)}))
        await self.socket.send_bytes(block.samples)


def _next(blocks: Iterator[Block]) -> Block | None:
    return next(blocks, None)


async def _end(socket: WebSocket, sentence: str, is_over: bool = True) -> None:
    """Say how a stream ended; close the connection where nothing can follow."""
    if socket.application_state != WebSocketState.CONNECTED:
        return
    with suppress(WebSocketDisconnect, RuntimeError):
        await socket.send_text(json.dumps({"end": asdict(LiveEnd(error=page_words(sentence)))}))
        if is_over:
            await socket.close(1013)
