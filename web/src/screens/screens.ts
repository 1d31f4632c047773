/** The parts of the page, by screen. */

import type { ComponentType } from "preact";
import type { Screen } from "../state/route";
import { Codes } from "./codes";
import { Compare } from "./compare";
import { Library } from "./library";
import { Make } from "./make";
import { Sounds } from "./sounds";
import { Train } from "./train";

export const SCREEN_PARTS: Record<Screen, ComponentType> = {
  sounds: Sounds,
  train: Train,
  make: Make,
  codes: Codes,
  library: Library,
  compare: Compare,
};
