/** What is done with the selected region: heard, edited in place, or mixed with another sound. */

import type { Signal } from "@preact/signals";
import { useState } from "preact/hooks";
import { GROUPS, lineOf, type Operation, type Parameter } from "../grid/operations";
import { type Region, regionText } from "../grid/selection";
import { Icon } from "../parts/icon";
import { audition } from "../player/player";
import { BASE } from "../state/api";
import type { OpenDocument } from "../state/document";
import type { DocumentsView } from "../state/records";
import { useResource } from "../state/resource";
import { toastError } from "../state/toasts";

interface Props {
  document: OpenDocument;
  selection: Signal<Region | null>;
  onPlay: (region?: Region) => void;
}

export function SelectionPanel({ document, selection, onPlay }: Props) {
  const codes = document.codes.value;
  const region = selection.value;
  const [chosen, choose] = useState<Operation | null>(null);
  const all = { top: 0, bottom: codes.levels };
  return (
    <aside class="panel selection-panel" aria-label="Selection">
      <h2>{region ? regionText(region, codes) : "The whole sound"}</h2>
      <RegionFields selection={selection} document={document} />
      <div class="row">
        <button
          type="button"
          class="small-button"
          onClick={() => onPlay(region ? { ...region, ...all } : undefined)}
        >
          <Icon name="play" filled /> {region ? "region" : "all"}
        </button>
        {region && (region.top > 0 || region.bottom < codes.levels) && (
          <button type="button" class="small-button" onClick={() => onPlay(region)}>
            <Icon name="play" filled /> these levels
          </button>
        )}
      </div>
      {GROUPS.map((group) => (
        <section key={group.name} class="operations">
          <h3>{group.name}</h3>
          <div class="row">
            {group.operations.map((operation) => (
              <button
                key={operation.name}
                type="button"
                class="small-button"
                title={operation.does}
                aria-pressed={chosen?.name === operation.name}
                disabled={document.isBusy.value}
                onClick={() => {
                  const needsMore = operation.parameters.length > 0 || operation.takesOther;
                  if (needsMore) choose(chosen?.name === operation.name ? null : operation);
                  else void document.edit(lineOf(operation, region, codes));
                }}
              >
                {operation.name}
              </button>
            ))}
          </div>
          {chosen && group.operations.includes(chosen) && (
            <OperationForm
              key={chosen.name}
              operation={chosen}
              document={document}
              region={region}
              onDone={() => choose(null)}
            />
          )}
        </section>
      ))}
    </aside>
  );
}

/** The region as numbers: the mouse is never needed. */
function RegionFields({ selection, document }: Pick<Props, "selection" | "document">) {
  const codes = document.codes.value;
  const region = selection.value ?? { from: 0, to: codes.frames, top: 0, bottom: codes.levels };
  const set = (changes: Partial<Region>) => {
    const next = { ...region, ...changes };
    if (next.to > next.from && next.bottom > next.top) selection.value = next;
  };
  const frameOf = (text: string) =>
    Math.min(codes.frames, Math.max(0, Math.round(Number(text) * codes.frameRate)));
  return (
    <div class="region-fields">
      {(["from", "to"] as const).map((edge) => (
        <label key={edge}>
          <span class="muted small">{edge}, s</span>
          <input
            type="number"
            min="0"
            step="any"
            value={(region[edge] / codes.frameRate).toFixed(2)}
            onChange={(event) => set({ [edge]: frameOf(event.currentTarget.value) })}
          />
        </label>
      ))}
      {(["top", "bottom"] as const).map((edge) => (
        <label key={edge}>
          <span class="muted small">{edge === "top" ? "first level" : "last level"}</span>
          <select
            value={edge === "top" ? region.top : region.bottom - 1}
            onChange={(event) => {
              const level = Number(event.currentTarget.value);
              set(edge === "top" ? { top: level } : { bottom: level + 1 });
            }}
          >
            {codes.names.map((name, n) => (
              <option key={name} value={n}>
                {name}
              </option>
            ))}
          </select>
        </label>
      ))}
    </div>
  );
}

interface FieldProps {
  parameter: Parameter;
  value: string;
  onChange: (value: string) => void;
}

function ParameterField({ parameter, value, onChange }: FieldProps) {
  const id = `parameter${parameter.flag}`;
  return (
    <div class="form-row">
      <label for={id} class="muted">
        {parameter.label}
        {parameter.unit ? `, ${parameter.unit}` : ""}
      </label>
      {parameter.kind === "choice" ? (
        <select id={id} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
          {parameter.choices?.map((choice) => (
            <option key={choice}>{choice}</option>
          ))}
        </select>
      ) : (
        <input
          id={id}
          type="number"
          step="any"
          value={value}
          onInput={(event) => onChange(event.currentTarget.value)}
        />
      )}
    </div>
  );
}

interface FormProps {
  operation: Operation;
  document: OpenDocument;
  region: Region | null;
  onDone: () => void;
}

/** Code frames round a region that are heard with it: its edges tell whether it fits. */
const AROUND = 22;

function OperationForm({ operation, document, region, onDone }: FormProps) {
  const [values, setValues] = useState<Record<string, string>>({});
  const [other, setOther] = useState("");
  const codes = document.codes.value;
  const line = lineOf(operation, region, codes, values, other);
  const isReady = !operation.takesOther || other !== "";
  const hear = () => void hearTrial(document, line, region).catch(toastError);
  return (
    <form
      class="operation-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (isReady) void document.edit(line).then((isMade) => isMade && onDone());
      }}
      onKeyDown={(event) => {
        if (event.key === "Escape") onDone();
      }}
    >
      {operation.takesOther && <OtherSound document={document} value={other} onChange={setOther} />}
      {operation.parameters.map((parameter) => (
        <ParameterField
          key={parameter.flag}
          parameter={parameter}
          value={values[parameter.flag] ?? parameter.usual}
          onChange={(value) => setValues({ ...values, [parameter.flag]: value })}
        />
      ))}
      <div class="row">
        <button type="button" class="small-button" disabled={!isReady} onClick={hear}>
          <Icon name="play" filled /> Try
        </button>
        <button type="submit" class="small-button primary" disabled={!isReady}>
          {operation.name}
        </button>
        <code class="small muted cut" title={`distill edit run: ${line}`}>
          {line}
        </code>
      </div>
    </form>
  );
}

function OtherSound({
  document,
  value,
  onChange,
}: {
  document: OpenDocument;
  value: string;
  onChange: (id: string) => void;
}) {
  const list = useResource<DocumentsView>("/documents", "library").value.value?.documents ?? [];
  const family = document.view.value?.codebook_hash;
  const others = list.filter((each) => each.id !== document.id && each.codebook_hash === family);
  return (
    <label class="form-row">
      <span>sound</span>
      <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        <option value="">{others.length ? "choose" : "no other of this model"}</option>
        {others.map((each) => (
          <option key={each.id} value={each.id}>
            {each.name}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Plays what an edit would make of the region and a little round it. */
async function hearTrial(document: OpenDocument, line: string, region: Region | null) {
  const codes = document.codes.peek();
  const from = region ? Math.max(0, region.from - AROUND) : 0;
  const to = region ? Math.min(codes.frames, region.to + AROUND) : codes.frames;
  const response = await fetch(`${BASE}${document.path}/try`, {
    method: "POST",
    headers: { "X-Distill": "1", "Content-Type": "application/json" },
    body: JSON.stringify({
      rev: document.rev,
      lines: [line],
      ...(region ? { start: `${from}f`, stop: `${to}f` } : {}),
    }),
  });
  if (!response.ok) throw new Error((await response.json()).error);
  const url = URL.createObjectURL(await response.blob());
  audition({
    key: url,
    title: line,
    audio: url,
    peaks: "",
    duration_s: (to - from) / codes.frameRate,
    loudness: null,
  });
}
