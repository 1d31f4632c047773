/** The page of a browser that has no cookie. */

import { loginError } from "../state/session";

export function NoLogin() {
  return (
    <main class="no-login">
      <h1>This browser is not logged in</h1>
      {loginError.value && <p class="bad">{loginError.value}</p>}
      <p>
        Run <kbd>distill ui --link</kbd> and open the link that it prints. It is good for one minute
        and one browser.
      </p>
    </main>
  );
}
