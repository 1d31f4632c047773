/** Library: generated sounds and models, found again. */

import { hrefOf, place, setQuery } from "../state/route";
import { LibraryModels } from "./library-models";
import { LibraryRenders } from "./library-renders";

export function Library() {
  const isModels = place.value.query.get("show") === "models";
  return (
    <>
      <div class="screen-head">
        <h1>Library</h1>
        <fieldset class="segments">
          <legend class="hidden-text">What is shown</legend>
          {["sounds", "models"].map((name) => (
            <label key={name}>
              <input
                type="radio"
                name="show"
                checked={isModels === (name === "models")}
                onChange={() => setQuery({ show: name === "models" ? name : "" })}
              />
              <span>{name}</span>
            </label>
          ))}
        </fieldset>
        <a class="button spread" href={hrefOf("compare")}>
          Compare
        </a>
      </div>
      {isModels ? <LibraryModels /> : <LibraryRenders />}
    </>
  );
}
