registerProcessor(
  "tap",
  class extends AudioWorkletProcessor {
    constructor() {
      super();
      this.kept = [];
    }
    process([input]) {
      const block = new Float32Array(128);
      for (const channel of input) for (let i = 0; i < 128; i++) block[i] += channel[i] / input.length;
      this.kept.push(block);
      if (this.kept.length === 16) {
        const all = new Float32Array(2048);
        this.kept.forEach((part, index) => all.set(part, index * 128));
        this.port.postMessage(all, [all.buffer]);
        this.kept = [];
      }
      return true;
    }
  },
);
