/** Plays blocks of samples as they come, in the thread of the audio. */

declare const sampleRate: number;
declare const registerProcessor: (name: string, kind: unknown) => void;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}

/** Seconds that wait before the first is played: less runs dry on a busy machine. */
const START_S = 0.5;

/** Quanta between two reports of the place: about 20 a second. */
const REPORT_EVERY = 18;

interface Block {
  /** Interleaved samples. */
  samples: Float32Array;
  channels: number;
  /** Sample rate of the block in Hz. */
  rate: number;
}

class Ring extends AudioWorkletProcessor {
  private blocks: Block[] = [];
  private offset = 0;
  /** Seconds that wait, and seconds that were played. */
  private waiting = 0;
  private played = 0;
  private quanta = 0;
  private isOpen = false;
  private isEnding = false;
  private isOver = false;

  constructor() {
    super();
    this.port.onmessage = ({ data }) => {
      if (data === "end") this.isEnding = true;
      else if (data === "stop") this.isOver = true;
      else this.add(data);
    };
  }

  private add(block: Block): void {
    this.blocks.push(block);
    this.waiting += block.samples.length / block.channels / block.rate;
  }

  process(_inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    if (this.isOver) return false;
    const output = outputs[0] ?? [];
    if (this.isEnding || this.waiting >= START_S) this.isOpen = true;
    if (this.isOpen) this.play(output);
    if (++this.quanta % REPORT_EVERY === 0) this.report();
    return !(this.isEnding && !this.blocks.length);
  }

  private play(output: Float32Array[]): void {
    const length = output[0]?.length ?? 0;
    for (let i = 0; i < length; i++) {
      const block = this.blocks[0];
      if (!block) {
        // Run dry: it goes on when enough is there again.
        this.isOpen = false;
        return;
      }
      this.sound(block, output, i);
      // The rate of a codec is often not that of the device: places between samples count.
      const step = block.rate / sampleRate;
      this.offset += step;
      this.played += 1 / sampleRate;
      this.waiting -= 1 / sampleRate;
      const frames = block.samples.length / block.channels;
      if (this.offset < frames) continue;
      this.offset -= frames;
      this.last = this.frame(block, frames - 1);
      this.blocks.shift();
    }
  }

  /** The last frame of the block before, for places between two blocks. */
  private last: number[] = [];

  private frame(block: Block, n: number): number[] {
    return Array.from(block.samples.subarray(n * block.channels, (n + 1) * block.channels));
  }

  /** Puts the frame at `offset` into the output, on a line between its neighbours. */
  private sound(block: Block, output: Float32Array[], i: number): void {
    // A frame late, so that the frame after is there.
    const place = this.offset - 1;
    const n = Math.floor(place);
    const share = place - n;
    for (let c = 0; c < output.length; c++) {
      const channel = Math.min(c, block.channels - 1);
      const before =
        n < 0 ? (this.last[channel] ?? 0) : (block.samples[n * block.channels + channel] ?? 0);
      const after = block.samples[(n + 1) * block.channels + channel] ?? before;
      (output[c] as Float32Array)[i] = before + share * (after - before);
    }
  }

  private report(): void {
    this.port.postMessage({ played: this.played, ahead: this.waiting });
  }
}

registerProcessor("ring", Ring);
