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
}

class Ring extends AudioWorkletProcessor {
  private blocks: Block[] = [];
  private offset = 0;
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
    this.waiting += block.samples.length / block.channels;
  }

  process(_inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    if (this.isOver) return false;
    const output = outputs[0] ?? [];
    if (this.isEnding || this.waiting >= START_S * sampleRate) this.isOpen = true;
    if (this.isOpen) this.play(output);
    if (++this.quanta % REPORT_EVERY === 0) this.report();
    return !(this.isEnding && this.waiting === 0);
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
      for (let c = 0; c < output.length; c++) {
        const from = this.offset * block.channels + Math.min(c, block.channels - 1);
        (output[c] as Float32Array)[i] = block.samples[from] ?? 0;
      }
      this.offset++;
      this.played++;
      this.waiting--;
      if (this.offset * block.channels < block.samples.length) continue;
      this.blocks.shift();
      this.offset = 0;
    }
  }

  private report(): void {
    this.port.postMessage({ played: this.played / sampleRate, ahead: this.waiting / sampleRate });
  }
}

registerProcessor("ring", Ring);
