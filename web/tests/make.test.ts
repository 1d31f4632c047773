/** The draft of Make: settings, dice, seeds. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  afterOrder,
  GUIDANCE,
  isSteered,
  KNOBS,
  lockOfTag,
  MORE_KNOBS,
  rolled,
  settingsOf,
  takesOf,
  usualDraft,
  withSettings,
} from "../src/state/make";

test("only what is set is sent, tags among it", () => {
  assert.deepEqual(settingsOf(usualDraft()), { duration: 10 });
  const draft = { ...usualDraft(), tags: { drums: 0.7, voice: 0 }, knobs: { nearness: 0.2 } };
  assert.deepEqual(settingsOf(draft), {
    duration: 10,
    nearness: 0.2,
    tags: [["drums", 0.7]],
  });
  assert.ok(isSteered(draft));
  assert.ok(!isSteered(usualDraft()));
});

test("settings of a sound come back as they were sent", () => {
  const draft = { ...usualDraft(), tags: { drums: 0.5 }, knobs: { guidance: 2, top_p: 0.9 } };
  draft.steer.pitch = {
    kind: "curve",
    value: 50,
    points: [
      [0, 10],
      [5, 80],
    ],
  };
  const again = withSettings(usualDraft(), settingsOf(draft));
  assert.deepEqual(settingsOf(again), settingsOf(draft));
});

test("dice leave what is locked, and depth is locked from the start", () => {
  const { locked } = usualDraft();
  for (const { name } of [GUIDANCE, ...MORE_KNOBS]) assert.ok(locked.includes(name));
  const draft = {
    ...usualDraft(),
    tags: { drums: 0.3, voice: 0.4 },
    locked: ["seed", lockOfTag("drums"), ...locked],
  };
  for (let n = 0; n < 50; n++) {
    const next = rolled(draft);
    assert.equal(next.seed, draft.seed);
    assert.equal(next.tags.drums, 0.3);
    assert.deepEqual(Object.keys(next.knobs).sort(), KNOBS.map(({ name }) => name).sort());
    for (const { name, least, most } of KNOBS) {
      const value = next.knobs[name] ?? Number.NaN;
      assert.ok(value >= least && value <= most);
    }
  }
});

test("each order is of another seed, unless that is locked", () => {
  assert.equal(afterOrder(usualDraft(), 4).seed, 4);
  assert.equal(afterOrder({ ...usualDraft(), locked: ["seed"], seed: 7 }, 4).seed, 7);
});

test("a blend is part of the order, a source only where the way takes one", () => {
  const source = { kind: "render" as const, id: "r", title: "a", duration_s: 2 };
  const draft = { ...usualDraft(), blend: { model: "other", share: 0.4 }, source };
  assert.deepEqual(takesOf("m", draft).blend, { model: "other", share: 0.4 });
  assert.equal(takesOf("m", draft).source, undefined);
  const varied = takesOf("m", { ...draft, way: "variation" });
  assert.deepEqual(varied.source, { kind: "render", id: "r" });
});
