/** The choice of a folder: corpora that are known, and folders of this machine. */

import { useRef, useState } from "preact/hooks";
import { Icon } from "../parts/icon";
import { get, post } from "../state/api";
import { count } from "../state/format";
import type { CorpusView, PlaceView } from "../state/records";
import { go, hrefOf } from "../state/route";
import { sentenceOf } from "../state/toasts";

export function FirstFolder() {
  return (
    <div class="first">
      <h1>Choose a folder of recordings</h1>
      <p class="muted">Distill reads it and never writes into it. Nothing leaves this machine.</p>
      <PlacesButton corpora={[]} here="" isFirst />
    </div>
  );
}

interface Props {
  corpora: CorpusView[];
  here: string;
  isFirst?: boolean;
}

export function PlacesButton({ corpora, here, isFirst = false }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [trail, setTrail] = useState<PlaceView[]>([]);
  const [places, setPlaces] = useState<PlaceView[] | null>(null);
  const [error, setError] = useState("");

  const show = async (next: PlaceView[]) => {
    const token = next.at(-1)?.token;
    try {
      const found = await get<PlaceView[]>(
        token ? `/places/${encodeURIComponent(token)}` : "/places",
      );
      setPlaces(found);
      setTrail(next);
      setError("");
    } catch (failure) {
      setError(sentenceOf(failure));
    }
  };
  const take = async (place: PlaceView) => {
    try {
      const corpus = await post<CorpusView>("/corpora", { place: place.token });
      dialog.current?.close();
      go(hrefOf("sounds", corpus.id));
    } catch (failure) {
      setError(sentenceOf(failure));
    }
  };
  const open = () => {
    dialog.current?.showModal();
    void show([]);
  };
  const last = trail.at(-1);
  return (
    <>
      <button type="button" class={isFirst ? "primary" : ""} onClick={open}>
        <Icon name="folder" /> {isFirst ? "Choose a folder" : "Other folder"}
      </button>
      <dialog ref={dialog} class="places" aria-labelledby="places-title">
        <div class="row">
          <h2 id="places-title">{last ? last.name : "Folders"}</h2>
          <button type="button" class="spread small-button" onClick={() => dialog.current?.close()}>
            Close
          </button>
        </div>
        {error && <p class="bad">{error}</p>}
        {!last && corpora.length > 0 && <Known corpora={corpora} here={here} />}
        <div class="row">
          {last && (
            <button type="button" class="small-button" onClick={() => show(trail.slice(0, -1))}>
              Up
            </button>
          )}
          {last && (
            <button type="button" class="small-button primary" onClick={() => take(last)}>
              Take this folder
            </button>
          )}
        </div>
        <ul class="place-list">
          {places?.map((place) => (
            <li key={place.token}>
              <button type="button" class="quiet" onClick={() => show([...trail, place])}>
                <Icon name="folder" />
                <span class="cut">{place.name}</span>
                {place.sounds > 0 && (
                  <span class="muted small spread">
                    {count(place.sounds, "sound")}
                    {!place.is_counted && " or more"}
                  </span>
                )}
              </button>
            </li>
          ))}
        </ul>
      </dialog>
    </>
  );
}

function Known({ corpora, here }: { corpora: CorpusView[]; here: string }) {
  return (
    <section>
      <h3>Opened before</h3>
      <ul class="place-list">
        {corpora.map((corpus) => (
          <li key={corpus.id}>
            <a
              class="button quiet"
              href={hrefOf("sounds", corpus.id)}
              aria-current={corpus.id === here ? "page" : undefined}
            >
              <Icon name="audioLines" />
              <span class="cut">{corpus.folder}</span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
