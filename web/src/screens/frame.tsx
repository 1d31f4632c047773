/** The frame round every screen: header, bars, place of the screen, dock. */

import { Icon } from "../parts/icon";
import { Dock } from "../player/dock";
import { isLost, isOutdated } from "../state/events";
import { bytes } from "../state/format";
import { hrefOf, place, SCREENS, type Screen } from "../state/route";
import { session } from "../state/session";
import { type Theme, theme } from "../state/theme";
import { dismiss, politeText, toasts, urgentText } from "../state/toasts";
import { JobChip } from "./job-chip";
import { KeyHelp } from "./key-help";
import { SCREEN_PARTS } from "./screens";

export const NAMES: Record<Screen, string> = {
  sounds: "Sounds",
  train: "Train",
  make: "Make",
  codes: "Codes",
  library: "Library",
  compare: "Compare",
};

/** Free disk under which a banner stands, in bytes: 2 GB. */
const LOW_DISK = 2e9;

export function Frame() {
  const { screen } = place.value;
  const Part = SCREEN_PARTS[screen];
  document.title = `${NAMES[screen]} · Distill`;
  return (
    <div class="frame">
      <a class="skip" href="#screen">
        Skip to the screen
      </a>
      <Header />
      <Bars />
      <main id="screen" class={`screen screen-${screen}`} tabIndex={-1}>
        <Part />
      </main>
      <Toasts />
      <Dock />
      <KeyHelp />
      <div class="hidden-text" role="status" aria-live="polite">
        {politeText.value}
      </div>
      <div class="hidden-text" role="alert" aria-live="assertive">
        {urgentText.value}
      </div>
    </div>
  );
}

function Header() {
  const here = place.value.screen;
  return (
    <header class="header">
      <a class="word-mark" href={hrefOf("sounds")}>
        Distill
      </a>
      <nav aria-label="Screens">
        {SCREENS.map((screen) => (
          <a key={screen} href={hrefOf(screen)} aria-current={screen === here ? "page" : undefined}>
            {NAMES[screen]}
          </a>
        ))}
      </nav>
      <div class="header-end">
        <JobChip />
        <ThemeSwitch />
      </div>
    </header>
  );
}

const NEXT: Record<Theme, Theme> = { auto: "dark", dark: "light", light: "auto" };
const THEME_NAMES: Record<Theme, string> = {
  auto: "as the system",
  dark: "dark",
  light: "light",
};

function ThemeSwitch() {
  const name = `Theme: ${THEME_NAMES[theme.value]}`;
  const icons = { auto: "sunMoon", dark: "moon", light: "sun" } as const;
  return (
    <button
      type="button"
      class="quiet icon-only"
      aria-label={name}
      title={name}
      onClick={() => {
        theme.value = NEXT[theme.value];
      }}
    >
      <Icon name={icons[theme.value]} />
    </button>
  );
}

function Bars() {
  const free = session.value?.free_bytes;
  return (
    <div class="bars">
      {isLost.value && (
        <p class="bar">
          <Icon name="circleAlert" /> The connection to Distill is lost: trying again. Training goes
          on without it.
        </p>
      )}
      {isOutdated.value && (
        <p class="bar">
          Distill was updated.
          <button type="button" class="small-button" onClick={() => location.reload()}>
            Reload
          </button>
        </p>
      )}
      {free !== undefined && free < LOW_DISK && (
        <p class="bar warn">
          <Icon name="circleAlert" /> {bytes(free)} are free on the disk of the workspace.
        </p>
      )}
    </div>
  );
}

function Toasts() {
  return (
    <div class="toasts">
      {toasts.value.map((toast) => (
        <div key={toast.id} class={toast.isBad ? "toast toast-bad" : "toast"}>
          {toast.isBad && <Icon name="circleAlert" />}
          <span>{toast.text}</span>
          {toast.undo && (
            <button
              type="button"
              class="small-button"
              onClick={() => {
                toast.undo?.();
                dismiss(toast.id);
              }}
            >
              {toast.deed}
            </button>
          )}
          <button
            type="button"
            class="quiet icon-only small-button"
            aria-label="Dismiss"
            onClick={() => dismiss(toast.id)}
          >
            <Icon name="x" />
          </button>
        </div>
      ))}
    </div>
  );
}
