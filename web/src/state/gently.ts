/**
 * Pictures load two at a time: a browser has six connections to a server, and what is played or
 * asked for must never wait behind pictures.
 */

const AT_A_TIME = 2;

interface Waiting {
  run: () => void;
  leave: () => void;
  isWanted: () => boolean;
}

const waiting: Waiting[] = [];
let running = 0;

/** Runs `load` when it is its turn; null where it is not wanted any more by then. */
export function gently<T>(load: () => Promise<T>, isWanted = () => true): Promise<T | null> {
  return new Promise((done, fail) => {
    const run = () => {
      running++;
      load()
        .then(done, fail)
        .finally(() => {
          running--;
          next();
        });
    };
    // The latest first: it is what is in sight now.
    waiting.push({ run, leave: () => done(null), isWanted });
    next();
  });
}

function next(): void {
  while (running < AT_A_TIME) {
    const entry = waiting.pop();
    if (!entry) return;
    if (entry.isWanted()) entry.run();
    else entry.leave();
  }
}
