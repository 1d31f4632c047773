/** What can be done with a render: buttons, and the same as commands. */

import { useState } from "preact/hooks";
import { AsCommands } from "../parts/commands";
import { Icon } from "../parts/icon";
import { post } from "../state/api";
import type { DocumentView, RenderView, TaskView } from "../state/records";
import {
  binRender,
  compareWith,
  makeAgain,
  orderBlindTest,
  otherSide,
  starRender,
  varyRender,
} from "../state/renders";
import { go, hrefOf } from "../state/route";
import { session } from "../state/session";
import { afterTask } from "../state/tasks";
import { toast, toastError } from "../state/toasts";
import { RenderDownload } from "./render-download";

export function RenderActions({ view }: { view: RenderView }) {
  const [isBusy, setBusy] = useState(false);
  const openCodes = async () => {
    setBusy(true);
    try {
      const body = { kind: "render", id: view.id };
      go(hrefOf("codes", (await post<DocumentView>("/documents", body)).id));
    } catch (error) {
      toastError(error);
      setBusy(false);
    }
  };
  const reveal = () => post(`/renders/${view.id}/reveal`).catch(toastError);
  return (
    <>
      <div class="row actions">
        <button
          type="button"
          class="small-button"
          aria-pressed={view.starred}
          onClick={() => starRender(view.id, !view.starred)}
        >
          <Icon name="star" filled={view.starred} /> keep
        </button>
        <button type="button" class="small-button" onClick={() => makeAgain(view.id)}>
          again
        </button>
        <button
          type="button"
          class="small-button"
          onClick={() => makeAgain(view.id, 2 * view.duration_s)}
        >
          twice as long
        </button>
        <button type="button" class="small-button" onClick={() => varyRender(view.id)}>
          vary
        </button>
        <button type="button" class="small-button" disabled={isBusy} onClick={openCodes}>
          as codes
        </button>
        <Comparing view={view} />
        <RenderDownload view={view} />
        {session.value?.is_local && (
          <button type="button" class="small-button" onClick={reveal}>
            show in folder
          </button>
        )}
        <button type="button" class="small-button" onClick={() => binRender(view.id)}>
          <Icon name="trash" /> to the bin
        </button>
      </div>
      <AsCommands lines={view.commands} />
    </>
  );
}

/** A render as the B side of others, and a blind test of the two. */
function Comparing({ view }: { view: RenderView }) {
  const other = otherSide.value;
  const isOther = other?.id === view.id;
  const test = async () => {
    if (!other) return;
    try {
      const task: TaskView = await orderBlindTest(view, other);
      toast("The pair is made equally loud: the blind test opens by itself");
      afterTask(task.id, (told) => go(hrefOf("compare", String(told.comparison))));
    } catch (error) {
      toastError(error);
    }
  };
  return (
    <>
      <button
        type="button"
        class="small-button"
        aria-pressed={isOther}
        title="Play another then: B swaps between the two at the same instant"
        onClick={() => compareWith(view)}
      >
        as B
      </button>
      {other && !isOther && (
        <button type="button" class="small-button" onClick={() => void test()}>
          blind test with {other.title}
        </button>
      )}
    </>
  );
}
