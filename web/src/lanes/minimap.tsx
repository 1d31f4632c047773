/** Which part of the whole is in sight; a drag moves it. */

import type { Axis } from "./axis";

export function Minimap({ axis }: { axis: Axis }) {
  const share = (seconds: number) => `${(100 * seconds) / axis.length.value}%`;
  const { start, end } = axis;
  const move = (event: PointerEvent) => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const middle = ((event.clientX - box.left) / box.width) * axis.length.peek();
    const half = (end.peek() - start.peek()) / 2;
    axis.show(middle - half, middle + half);
  };
  return (
    <div
      class="minimap"
      onPointerDown={(event) => {
        (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
        move(event);
      }}
      onPointerMove={(event) => {
        if (event.buttons & 1) move(event);
      }}
    >
      <span style={{ left: share(start.value), width: share(end.value - start.value) }} />
    </div>
  );
}
