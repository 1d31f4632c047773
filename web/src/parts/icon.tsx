import audioLines from "lucide-static/icons/audio-lines.svg";
import brush from "lucide-static/icons/brush.svg";
import check from "lucide-static/icons/check.svg";
import chevronDown from "lucide-static/icons/chevron-down.svg";
import circleAlert from "lucide-static/icons/circle-alert.svg";
import dices from "lucide-static/icons/dices.svg";
import download from "lucide-static/icons/download.svg";
import folder from "lucide-static/icons/folder.svg";
import keyboard from "lucide-static/icons/keyboard.svg";
import lock from "lucide-static/icons/lock.svg";
import unlock from "lucide-static/icons/lock-open.svg";
import moon from "lucide-static/icons/moon.svg";
import pause from "lucide-static/icons/pause.svg";
import play from "lucide-static/icons/play.svg";
import plus from "lucide-static/icons/plus.svg";
import redo from "lucide-static/icons/redo-2.svg";
import repeat from "lucide-static/icons/repeat.svg";
import square from "lucide-static/icons/square.svg";
import star from "lucide-static/icons/star.svg";
import sun from "lucide-static/icons/sun.svg";
import sunMoon from "lucide-static/icons/sun-moon.svg";
import trash from "lucide-static/icons/trash-2.svg";
import undo from "lucide-static/icons/undo-2.svg";
import volume from "lucide-static/icons/volume-2.svg";
import volumeOff from "lucide-static/icons/volume-x.svg";
import x from "lucide-static/icons/x.svg";

const ICONS = {
  audioLines,
  brush,
  check,
  chevronDown,
  circleAlert,
  dices,
  download,
  folder,
  keyboard,
  lock,
  moon,
  pause,
  play,
  plus,
  redo,
  repeat,
  square,
  star,
  sun,
  sunMoon,
  trash,
  undo,
  unlock,
  volume,
  volumeOff,
  x,
};

export type IconName = keyof typeof ICONS;

/** A drawing beside a word, or on a control that has a name: never the only text. */
export function Icon({ name, filled = false }: { name: IconName; filled?: boolean }) {
  return (
    <span
      class={filled ? "icon filled" : "icon"}
      aria-hidden="true"
      dangerouslySetInnerHTML={{ __html: ICONS[name] }}
    />
  );
}
