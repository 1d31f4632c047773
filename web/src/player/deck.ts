/** Two sounds that run side by side, of which one is heard: the original and its counterpart. */

/** Crossfade from one side to the other, in seconds. */
const CROSSFADE_S = 0.01;

/** Fade at start and stop, in seconds: without it a cut clicks. */
const FADE_S = 0.004;

/** Time between the order and the first sample, in seconds: both sides start at one instant. */
const AHEAD_S = 0.02;

export interface Stretch {
  from: number;
  to: number;
}

/** What the player needs of a sound that plays, from memory or from the disk. */
export interface Deck {
  position(): number;
  setLoop(loop: Stretch | null): void;
  setSide(side: number): void;
  setGains(gains: number[]): void;
  stop(): void;
}

export interface DeckOrder {
  /** Gain of each side, for equal loudness. */
  gains: number[];
  side: number;
  at: number;
  loop: Stretch | null;
  onEnd: () => void;
}

/** Seconds into the sound after `elapsed` seconds from `at` on. */
export function wrap(at: number, elapsed: number, loop: Stretch | null): number {
  const place = at + elapsed;
  if (!loop || place < loop.to || loop.to <= loop.from) return place;
  return loop.from + ((place - loop.from) % (loop.to - loop.from));
}

/** Plays decoded sounds: loops without a gap, to the sample. */
export class BufferDeck implements Deck {
  private readonly sources: AudioBufferSourceNode[] = [];
  private readonly volumes: GainNode[] = [];
  private started: number;
  private at: number;
  private loop: Stretch | null;
  private side: number;
  private gains: number[];

  constructor(
    private readonly context: AudioContext,
    output: AudioNode,
    buffers: AudioBuffer[],
    private readonly order: DeckOrder,
  ) {
    this.gains = order.gains;
    this.started = context.currentTime + AHEAD_S;
    this.loop = order.loop;
    this.side = order.side;
    const isOutside = this.loop && (order.at < this.loop.from || order.at >= this.loop.to);
    this.at = isOutside && this.loop ? this.loop.from : order.at;
    buffers.forEach((buffer, side) => {
      this.add(buffer, side, output);
    });
  }

  private add(buffer: AudioBuffer, side: number, output: AudioNode): void {
    const source = new AudioBufferSourceNode(this.context, { buffer });
    const volume = new GainNode(this.context, { gain: 0 });
    source.connect(volume).connect(output);
    setLoopOf(source, this.loop);
    const gain = side === this.side ? (this.gains[side] ?? 1) : 0;
    // From its start a sound keeps its attack; only a start in its midst would click.
    volume.gain.setValueAtTime(this.at > 0 ? 0 : gain, this.started);
    volume.gain.linearRampToValueAtTime(gain, this.started + FADE_S);
    source.start(this.started, Math.min(this.at, buffer.duration));
    source.onended = () => {
      if (side === this.side) this.order.onEnd();
    };
    this.sources.push(source);
    this.volumes.push(volume);
  }

  position(): number {
    const elapsed = this.context.currentTime - this.started - (this.context.outputLatency || 0);
    return wrap(this.at, Math.max(0, elapsed), this.loop);
  }

  setLoop(loop: Stretch | null): void {
    const now = this.context.currentTime;
    this.at = wrap(this.at, Math.max(0, now - this.started), this.loop);
    this.started = now;
    this.loop = loop;
    for (const source of this.sources) setLoopOf(source, loop);
  }

  setSide(side: number): void {
    this.side = side;
    this.volumes.forEach((volume, index) => {
      const gain = index === side ? (this.gains[index] ?? 1) : 0;
      ramp(this.context, volume.gain, gain, CROSSFADE_S);
    });
  }

  setGains(gains: number[]): void {
    if (isSame(gains, this.gains)) return;
    this.gains = gains;
    this.setSide(this.side);
  }

  stop(): void {
    const end = this.context.currentTime + FADE_S;
    for (const volume of this.volumes) ramp(this.context, volume.gain, 0, FADE_S);
    for (const source of this.sources) {
      source.onended = null;
      source.stop(end);
    }
  }
}

const isSame = (some: number[], others: number[]) =>
  some.length === others.length && some.every((gain, index) => gain === others[index]);

function setLoopOf(source: AudioBufferSourceNode, loop: Stretch | null): void {
  source.loop = loop !== null;
  if (!loop) return;
  source.loopStart = loop.from;
  source.loopEnd = loop.to;
}

function ramp(context: AudioContext, value: AudioParam, to: number, seconds: number): void {
  const now = context.currentTime;
  value.cancelScheduledValues(now);
  value.setValueAtTime(value.value, now);
  value.linearRampToValueAtTime(to, now + seconds);
}

/** Plays long sounds from the server, piece by piece: their loops may have a short gap. */
export class MediaDeck implements Deck {
  private readonly elements: HTMLAudioElement[];
  private readonly volumes: GainNode[] = [];
  private loop: Stretch | null;
  private side: number;
  private gains: number[];

  constructor(
    private readonly context: AudioContext,
    output: AudioNode,
    urls: string[],
    order: DeckOrder,
  ) {
    this.gains = order.gains;
    this.loop = order.loop;
    this.side = order.side;
    this.elements = urls.map((url) => new Audio(url));
    this.elements.forEach((element, side) => {
      const volume = new GainNode(context, { gain: 0 });
      context.createMediaElementSource(element).connect(volume).connect(output);
      this.volumes.push(volume);
      element.currentTime = order.at;
      element.onended = () => {
        if (side === this.side) order.onEnd();
      };
    });
    this.setSide(order.side);
  }

  async start(): Promise<void> {
    await Promise.all(this.elements.map((element) => element.play()));
  }

  position(): number {
    const element = this.elements[this.side];
    if (!element) return 0;
    if (this.loop && element.currentTime >= this.loop.to) {
      for (const each of this.elements) each.currentTime = this.loop.from;
    }
    return element.currentTime;
  }

  setLoop(loop: Stretch | null): void {
    this.loop = loop;
  }

  setSide(side: number): void {
    this.side = side;
    this.volumes.forEach((volume, index) => {
      const gain = index === side ? (this.gains[index] ?? 1) : 0;
      ramp(this.context, volume.gain, gain, CROSSFADE_S);
    });
  }

  setGains(gains: number[]): void {
    if (isSame(gains, this.gains)) return;
    this.gains = gains;
    this.setSide(this.side);
  }

  stop(): void {
    for (const element of this.elements) {
      element.onended = null;
      element.pause();
      element.removeAttribute("src");
    }
  }
}
