/** Sounds: the files of a corpus, to be heard, judged, muted and weighted. */

import { useEffect } from "preact/hooks";
import { AsCommands } from "../parts/commands";
import { Icon } from "../parts/icon";
import { toggle } from "../player/player";
import { scanCorpus, useCorpus } from "../state/corpora";
import { count, minutes } from "../state/format";
import type { CorpusList, CorpusListing, CorpusView, JobView } from "../state/records";
import { useResource } from "../state/resource";
import { go, hrefOf, place, setQuery } from "../state/route";
import { AddSounds, takeDrops } from "./add-sounds";
import { FirstFolder, PlacesButton } from "./places";
import { SoundDetails } from "./sound-details";
import { SoundTable } from "./sound-table";
import { countText, foldersOf, listed, SORTS } from "./sounds-list";

export function Sounds() {
  const { id } = place.value;
  const corpora = useResource<CorpusList>("/corpora", "library");
  const list = corpora.value.value?.corpora;
  const latest = list?.[0];
  useEffect(() => {
    if (!id && latest) go(hrefOf("sounds", latest.id), "replace");
  }, [id, latest]);
  if (id) return <CorpusScreen key={id} id={id} corpora={list ?? []} />;
  if (corpora.error.value) return <p class="bad">{corpora.error.value}</p>;
  if (list?.length === 0) return <FirstFolder />;
  return null;
}

interface CorpusProps {
  id: string;
  corpora: CorpusView[];
}

function CorpusScreen({ id, corpora }: CorpusProps) {
  const { resource, scan } = useCorpus(id);
  const corpus = resource.value.value;
  useEffect(() => takeDrops(id), [id]);
  if (!corpus) {
    return resource.error.value ? <p class="bad">{resource.error.value}</p> : null;
  }
  return (
    <>
      <Head corpus={corpus} corpora={corpora} />
      {!corpus.is_there && <p class="bad">The folder {corpus.folder} is not there.</p>}
      <AsCommands lines={corpus.commands} />
      {scan && <Scan job={scan} />}
      {corpus.listing && (
        <Listing
          id={id}
          listing={corpus.listing}
          onChange={(next) => {
            resource.value.value = next;
          }}
        />
      )}
    </>
  );
}

function Scan({ job }: { job: JobView }) {
  return (
    <div class="scan">
      <p class="muted">{job.sentence || "Listening to every file once …"}</p>
      <progress value={job.progress ?? undefined} aria-label="Progress of the scan" />
    </div>
  );
}

interface ListingProps {
  id: string;
  listing: CorpusListing;
  onChange: (corpus: CorpusView) => void;
}

function Listing({ id, listing, onChange }: ListingProps) {
  const { query } = place.value;
  const files = listed(listing, query);
  const selected = files.find((file) => file.name === query.get("sound"));
  return (
    <>
      <Advice listing={listing} />
      <Filters listing={listing} shown={files.length} />
      <div class="sounds">
        <SoundTable
          corpus={id}
          files={files}
          selected={selected?.name ?? ""}
          onChange={onChange}
          onPlay={toggle}
        />
        {selected ? (
          <SoundDetails
            key={selected.name}
            corpus={id}
            file={selected}
            files={listing.files}
            onChange={onChange}
          />
        ) : (
          <aside class="panel details muted">
            <p>
              Choose a sound to see its facts. <kbd>↑</kbd> <kbd>↓</kbd> move and play.
            </p>
          </aside>
        )}
      </div>
    </>
  );
}

function Head({ corpus, corpora }: { corpus: CorpusView; corpora: CorpusView[] }) {
  const { listing } = corpus;
  return (
    <div class="screen-head">
      <h1>{corpus.name}</h1>
      <p class="muted cut" title={corpus.folder}>
        {corpus.folder}
      </p>
      {listing && (
        <p class="head-facts">
          {count(listing.files.length, "file")}
          {listing.verdict && (
            <>
              , {minutes(listing.total_s)}
              <span class={listing.verdict === "go" ? "verdict good" : "verdict warn"}>
                <Icon name={listing.verdict === "go" ? "check" : "circleAlert"} /> {listing.verdict}
              </span>
            </>
          )}
        </p>
      )}
      <div class="row spread">
        <AddSounds corpus={corpus.id} />
        <button type="button" onClick={() => scanCorpus(corpus.id)}>
          Scan again
        </button>
        <PlacesButton corpora={corpora} here={corpus.id} />
        <a class="button primary" href={hrefOf("train", "", { corpus: corpus.id })}>
          Train
        </a>
      </div>
    </div>
  );
}

/** Sentences of advice beyond these are folded away. */
const SHOWN_ADVICE = 3;

function Advice({ listing }: { listing: CorpusListing }) {
  const { advice } = listing;
  if (!advice.length) return null;
  const line = (text: string) => (
    <li key={text}>
      <Icon name="circleAlert" />
      <span>{text}</span>
    </li>
  );
  const rest = advice.slice(SHOWN_ADVICE);
  return (
    <div class="advice">
      <ul>{advice.slice(0, SHOWN_ADVICE).map(line)}</ul>
      {rest.length > 0 && (
        <details>
          <summary class="small muted">{rest.length} more</summary>
          <ul>{rest.map(line)}</ul>
        </details>
      )}
    </div>
  );
}

function Filters({ listing, shown }: { listing: CorpusListing; shown: number }) {
  const { query } = place.value;
  const folders = foldersOf(listing);
  return (
    <search class="filters">
      <input
        type="search"
        aria-label="Filter by name, tag or note"
        placeholder="Filter by name, tag or note"
        value={query.get("q") ?? ""}
        onInput={(event) => setQuery({ q: event.currentTarget.value })}
      />
      <label class="field">
        <input
          type="checkbox"
          checked={query.get("flagged") === "1"}
          onChange={(event) => setQuery({ flagged: event.currentTarget.checked ? "1" : "" })}
        />
        only flagged
      </label>
      {folders.length > 1 && (
        <label class="field">
          <span>folder</span>
          <select
            value={query.get("folder") ?? ""}
            onChange={(event) => setQuery({ folder: event.currentTarget.value })}
          >
            <option value="">all</option>
            {folders.map((folder) => (
              <option key={folder}>{folder}</option>
            ))}
          </select>
        </label>
      )}
      <label class="field">
        <span>sort</span>
        <select
          value={query.get("sort") ?? "name"}
          onChange={(event) => setQuery({ sort: event.currentTarget.value })}
        >
          {Object.keys(SORTS).map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <span class="muted spread">
        {shown < listing.files.length ? `${shown} shown · ` : ""}
        {countText(listing)}
      </span>
    </search>
  );
}
