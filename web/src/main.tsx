/** The page of Distill. */

import { effect } from "@preact/signals";
import { render } from "preact";
import { Frame } from "./screens/frame";
import { NoLogin } from "./screens/no-login";
import { connect } from "./state/events";
import { startJobs } from "./state/jobs";
import { startKeys } from "./state/keys";
import { startRenders } from "./state/renders";
import { startRouting } from "./state/route";
import { logIn, login, startSession } from "./state/session";
import { startTasks } from "./state/tasks";
import "./style/app.css";

function Page() {
  if (login.value === "out") return <NoLogin />;
  if (login.value === "in") return <Frame />;
  return null;
}

startRouting();
startKeys();
effect(() => {
  if (login.value !== "in") return;
  connect();
  startJobs();
  startRenders();
  startTasks();
  startSession();
});
void logIn();

const root = document.getElementById("page");
if (root) render(<Page />, root);
