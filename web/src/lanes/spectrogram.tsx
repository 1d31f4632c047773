/** The spectrogram of a sound under the shared axis, from tiles that the server draws. */

import { useEffect, useMemo, useState } from "preact/hooks";
import { gently } from "../state/gently";
import type { Spectrogram } from "../state/records";
import type { Axis } from "./axis";
import { LaneCanvas } from "./lane";

interface Props {
  axis: Axis;
  /** URL of its facts; tiles lie below it by number. Empty before there is a sound. */
  url: string;
  height: number;
}

/** Tiles that are drawn at once, at most; a longer view is left empty until it is closer. */
const MOST_TILES = 40;

export function SpectrogramLane({ axis, url, height }: Props) {
  const tiles = useMemo(() => new TileStore(url), [url]);
  const [facts, setFacts] = useState<Spectrogram | null>(null);
  const [loaded, redraw] = useState(0);
  useEffect(() => {
    if (!url) return;
    let isGone = false;
    tiles.onLoad = () => {
      if (!isGone) redraw((n) => n + 1);
    };
    tiles.facts().then(
      (next) => {
        if (!isGone) setFacts(next);
      },
      () => {
        // Without a picture the lane stays empty; the sound is still played.
      },
    );
    return () => {
      isGone = true;
      tiles.close();
    };
  }, [tiles]);
  return (
    <div class="lane">
      <LaneCanvas
        axis={axis}
        height={height}
        deps={[facts, loaded]}
        draw={({ pen, width }) => {
          if (!facts) return;
          const each = facts.tile_columns * facts.seconds_per_column;
          const first = Math.max(0, Math.floor(axis.start.peek() / each));
          const last = Math.min(facts.tiles - 1, Math.floor(axis.timeAt(width) / each));
          if (last - first >= MOST_TILES) return;
          for (let n = first; n <= last; n++) {
            const picture = tiles.get(n);
            if (!picture) continue;
            const wide = (picture.width * facts.seconds_per_column) / axis.perPixel.peek();
            pen.drawImage(picture, axis.xOf(n * each), 0, wide, height);
          }
        }}
      />
    </div>
  );
}

/** Tiles of one sound, loaded when they come into sight. */
class TileStore {
  onLoad = () => {};
  private readonly tiles = new Map<number, ImageBitmap | null>();

  constructor(private readonly url: string) {}

  async facts(): Promise<Spectrogram> {
    const response = await gently(
      () => fetch(this.url),
      () => !this.isClosed,
    );
    if (!response?.ok) throw new Error(String(response?.status));
    return response.json();
  }

  get(number: number): ImageBitmap | null {
    const known = this.tiles.get(number);
    if (known !== undefined) return known;
    this.tiles.set(number, null);
    void this.load(number);
    return null;
  }

  private async load(number: number): Promise<void> {
    const response = await gently(
      () => fetch(`${this.url}/${number}`),
      () => !this.isClosed,
    );
    if (!response?.ok) return;
    this.tiles.set(number, await createImageBitmap(await response.blob()));
    this.onLoad();
  }

  private isClosed = false;

  close(): void {
    this.isClosed = true;
    for (const tile of this.tiles.values()) tile?.close();
    this.tiles.clear();
  }
}
