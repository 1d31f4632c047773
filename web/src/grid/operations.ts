/** The operations on a region, with the numbers that each takes. */

import type { Codes } from "./codes";
import { levelsText, type Region } from "./selection";

export interface Parameter {
  flag: string;
  label: string;
  kind: "number" | "text" | "choice";
  usual: string;
  choices?: string[];
  unit?: string;
}

export interface Operation {
  name: string;
  does: string;
  parameters: Parameter[];
  /** Whether it takes levels, and not only a stretch of time. */
  takesLevels: boolean;
  /** Whether it takes something from another document. */
  takesOther?: boolean;
}

const number = (flag: string, label: string, usual: string, unit?: string): Parameter => ({
  flag,
  label,
  kind: "number",
  usual,
  ...(unit ? { unit } : {}),
});

const MODE: Parameter = {
  flag: "--mode",
  label: "mode",
  kind: "choice",
  usual: "insert",
  choices: ["insert", "overwrite", "repeat"],
};

const on = (name: string, does: string, ...parameters: Parameter[]): Operation => ({
  name,
  does,
  parameters,
  takesLevels: true,
});

const withOther = (operation: Operation): Operation => ({ ...operation, takesOther: true });

/** The operations of `distill edit`, in groups. */
export const GROUPS: { name: string; operations: Operation[] }[] = [
  {
    name: "In place",
    operations: [
      on("reverse", "Play it backwards"),
      on(
        "shuffle",
        "Blocks in random order",
        number("--block", "block", "0.25", "s"),
        number("--seed", "seed", "0"),
      ),
      on(
        "drift",
        "Vary it a little",
        number("--amount", "amount", "0.2"),
        number("--seed", "seed", "0"),
        number("--steps", "steps", "1"),
      ),
      on("clear", "Silence it"),
      on("set", "One code everywhere", number("--code", "code", "0")),
      on(
        "replace",
        "One code for another",
        number("--old", "code", "0"),
        number("--new", "becomes", "1"),
      ),
    ],
  },
  {
    name: "In time",
    operations: [
      on("repeat", "Several times in a row", number("--times", "times", "2")),
      on("stretch", "Longer or shorter", number("--factor", "factor", "2")),
      on("move", "To another time", number("--at", "at", "0", "s")),
      on("copy", "Once more elsewhere", number("--at", "at", "0", "s"), MODE),
      on("cut", "Remove it"),
      { ...on("crop", "Drop all else"), takesLevels: false },
    ],
  },
  {
    name: "Seams and locks",
    operations: [
      on(
        "heal",
        "Mend its seams",
        number("--temperature", "temperature", "1"),
        number("--seed", "seed", "0"),
      ),
      on("lock", "Edits leave it alone"),
      on("unlock", "Edits may change it"),
    ],
  },
  {
    name: "From another sound",
    operations: [
      withOther(on("paste", "Bring in a stretch", number("--at", "at", "0", "s"), MODE)),
      withOther(on("swap", "The same stretch of it")),
      withOther(on("transplant", "Its levels")),
      withOther(on("blend", "Both as one", number("--amount", "amount", "0.5"))),
    ],
  },
];

/**
 * A line of `distill edit run`.
 *
 * @param values - Values of the parameters, by flag.
 * @param other - Id of the other document, where one is needed.
 */
export function lineOf(
  operation: Operation,
  region: Region | null,
  codes: Codes,
  values: Record<string, string> = {},
  other = "",
): string {
  const words = [operation.name];
  if (other) words.push(other);
  for (const { flag, usual } of operation.parameters) words.push(flag, values[flag] || usual);
  if (region) {
    const isWhole = region.from === 0 && region.to === codes.frames;
    if (!isWhole) words.push("--from", `${region.from}f`, "--to", `${region.to}f`);
    const isAll = region.top === 0 && region.bottom === codes.levels;
    if (operation.takesLevels && !isAll) words.push("--levels", levelsText(region));
  }
  if (operation.name === "transplant" && !words.includes("--levels")) {
    words.push("--levels", `1-${codes.levels}`);
  }
  return words.join(" ");
}
