/** The operations on a region, with the numbers that each takes. */

import type { Codes } from "./codes";
import { levelsText, type Region } from "./selection";

export interface Parameter {
  flag: string;
  label: string;
  kind: "number" | "choice" | "flag";
  /** Value that it begins with; an empty one is left out of the line. */
  usual: string;
  choices?: string[];
  unit?: string;
  /** Range of its slider; without it there is a field alone. `length`: that of the sound. */
  range?: [least: number, most: number | "length" | "codes", step: number];
  /** Whether it counts with these values of the others. */
  isFor?: (values: Record<string, string>) => boolean;
}

export interface Operation {
  name: string;
  does: string;
  parameters: Parameter[];
  /** Whether it takes levels, and not only a stretch of time. */
  takesLevels: boolean;
  /** Whether it takes something from another document. */
  takesOther?: boolean;
  /** Whether it draws with the prior: seconds, and not at each turn of a knob. */
  isSlow?: boolean;
}

const number = (
  flag: string,
  label: string,
  usual: string,
  range: Parameter["range"],
  unit?: string,
): Parameter => ({
  flag,
  label,
  kind: "number",
  usual,
  ...(range ? { range } : {}),
  ...(unit ? { unit } : {}),
});

const SEED = number("--seed", "seed", "0", [0, 99, 1]);

const AT = number("--at", "at", "0", [0, "length", 0.01], "s");

const MODE: Parameter = {
  flag: "--mode",
  label: "mode",
  kind: "choice",
  usual: "insert",
  choices: ["insert", "overwrite", "repeat"],
};

const UNTIL: Parameter = {
  ...number("--until", "until", "", undefined, "s; empty: the end"),
  isFor: (values) => values["--mode"] === "repeat",
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
        number("--block", "block", "0.25", [0.02, 2, 0.01], "s"),
        SEED,
      ),
      on(
        "drift",
        "Vary it a little",
        number("--amount", "amount", "0.2", [0, 1, 0.01]),
        SEED,
        number("--steps", "steps", "1", [1, 8, 1]),
      ),
      on("clear", "Silence it"),
      on("set", "One code everywhere", number("--code", "code", "0", [0, "codes", 1])),
      on(
        "replace",
        "One code for another",
        number("--old", "code", "0", [0, "codes", 1]),
        number("--new", "becomes", "1", [0, "codes", 1]),
      ),
    ],
  },
  {
    name: "In time",
    operations: [
      on("repeat", "Several times in a row", number("--times", "times", "2", [1, 16, 1])),
      on("stretch", "Longer or shorter", number("--factor", "factor", "2", [0.25, 4, 0.05])),
      on("move", "To another time", AT),
      on("copy", "Once more elsewhere", AT, MODE, UNTIL),
      on("cut", "Remove it"),
      { ...on("crop", "Drop all else"), takesLevels: false },
    ],
  },
  {
    name: "Seams and locks",
    operations: [
      {
        ...on(
          "heal",
          "Mend its seams, or draw it anew",
          { flag: "--seams", label: "only its seams", kind: "flag", usual: "true" },
          number("--temperature", "temperature", "1", [0.2, 2, 0.05]),
          SEED,
        ),
        isSlow: true,
      },
      on("lock", "Edits leave it alone"),
      on("unlock", "Edits may change it"),
    ],
  },
  {
    name: "From another sound",
    operations: [
      withOther(on("paste", "Bring in a stretch of it", AT, MODE, UNTIL)),
      withOther(on("swap", "The same stretch of it")),
      withOther(on("transplant", "Its levels")),
      withOther(on("blend", "Both as one", number("--amount", "amount", "0.5", [0, 1, 0.01]))),
    ],
  },
];

export const OPERATIONS = GROUPS.flatMap((group) => group.operations);

export function operationOf(name: string): Operation | undefined {
  return OPERATIONS.find((operation) => operation.name === name);
}

/** Another sound that an operation takes something from. */
export interface Other {
  /** Id of its document. */
  id: string;
  codes: Codes;
  /** What of it is selected: `paste` brings that in. */
  region: Region | null;
}

/**
 * A line of `distill edit run`.
 *
 * @param values - Values of the parameters, by flag.
 * @param other - The other sound, where one is needed.
 */
export function lineOf(
  operation: Operation,
  region: Region | null,
  codes: Codes,
  values: Record<string, string> = {},
  other: Other | null = null,
): string {
  const words = [operation.name];
  if (other && operation.takesOther) words.push(other.id);
  for (const { flag, usual, kind, isFor } of operation.parameters) {
    const value = values[flag] ?? usual;
    if (value === "" || (isFor && !isFor(values))) continue;
    if (kind !== "flag") words.push(flag, value);
    else if (value === "true") words.push(flag);
  }
  // What is pasted is named by times in the other sound, and goes to `--at`.
  const isPaste = operation.name === "paste";
  words.push(
    ...timesOf(isPaste ? (other?.region ?? null) : region, isPaste ? other?.codes : codes),
  );
  const levels = isPaste ? (partOf(other?.region, codes) ?? partOf(region, codes)) : region;
  if (operation.takesLevels && partOf(levels, codes))
    words.push("--levels", levelsText(levels as Region));
  else if (operation.name === "transplant") words.push("--levels", `1-${codes.levels}`);
  return words.join(" ");
}

function timesOf(region: Region | null, codes: Codes | undefined): string[] {
  if (!region || (region.from === 0 && region.to === codes?.frames)) return [];
  return ["--from", `${region.from}f`, "--to", `${region.to}f`];
}

/** The region, where it has some of the levels alone. */
function partOf(region: Region | null | undefined, codes: Codes): Region | null {
  if (!region || (region.top === 0 && region.bottom >= codes.levels)) return null;
  return region;
}

/** A line as people read it: another sound has a name, or is just another sound. */
export function lineText(line: string, name = "another sound"): string {
  return line.replace(/ (others\/[0-9a-f]+\.json\.gz|\d{8}-\d{6}-[0-9a-f]{10})(?= |$)/, ` ${name}`);
}
