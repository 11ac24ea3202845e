// Asks the server once a second for what is new, as long as the page is seen.

import { byId, toneOf } from "./dom.js";
import { Detail } from "./detail.js";
import { Mutes } from "./mutes.js";
import { Plots } from "./plots.js";
import { drawPreflights } from "./preflights.js";
import { Updates } from "./updates.js";

const EVERY_MS = 1000;
const WAIT_MS = 5000;
const viewer = crypto.getRandomValues(new Uint32Array(2)).join("");

const detail = new Detail();
const updates = new Updates((name) => detail.open(name));
const plots = new Plots();
const mutes = new Mutes(() => ask());

let place = { run: "", after: 0, point: 0 };
let timer = 0;
let asking = false;

function show(state, words) {
  byId("connection").dataset.state = state;
  byId("connection").textContent = words;
}

function askForToken(problem) {
  byId("console").hidden = true;
  byId("sign-in").hidden = false;
  byId("sign-in-problem").hidden = !problem;
  byId("sign-in-problem").textContent = problem ?? "";
  byId("token").focus();
}

async function ask() {
  clearTimeout(timer);
  if (asking || document.hidden) return;
  asking = true;
  let next = EVERY_MS;
  try {
    const answer = await fetch(`console/state?${new URLSearchParams({ ...place, viewer })}`);
    if (answer.status === 401) { askForToken(); return; }
    if (answer.status === 403) { askForToken("DIAG_TOKEN is not set: set one and start the service again."); return; }
    if (answer.status === 503) {
      byId("sign-in").hidden = true;
      byId("console").hidden = false;
      show("lost", "eight pages are watching already; waiting for a place");
      next = WAIT_MS;
    } else if (answer.ok) {
      draw(await answer.json());
    } else {
      throw new Error(String(answer.status));
    }
  } catch (error) {
    show("lost", "not connected");
    next = WAIT_MS;
    if (!(error instanceof TypeError)) console.warn(error);
  } finally {
    asking = false;
  }
  timer = setTimeout(ask, next);
}

function draw(state) {
  byId("sign-in").hidden = true;
  byId("console").hidden = false;
  if (state.run !== place.run) {
    plots.clear();
    updates.clear();
  }
  byId("service").textContent = Object.values(state.about).join(" ");
  document.title = `${state.about.service ?? "Console"}: ${drawPreflights(state.preflights, byId("preflights"), mutes)}`;
  drawResult(state);
  plots.add(state.history);
  updates.add(state.updates, state.memory);
  const last = state.updates.at(-1);
  place = { run: state.run, after: last ? last.number : place.run === state.run ? place.after : 0, point: state.history.last };
}

function drawResult(state) {
  const results = state.preflights.map((each) => each.report?.result).filter(Boolean);
  const worst = ["FAIL", "DEGRADED", "READY"].find((result) => results.includes(result)) ?? "no result yet";
  byId("result").textContent = worst;
  byId("result").dataset.tone = toneOf(worst);
  const unready = Object.entries(state.health.checks ?? {}).filter(([, check]) => check !== "ok").map(([name, check]) => `${name} ${check}`);
  show(unready.length ? "unready" : "live", unready.length ? `not ready: ${unready.join(", ")}` : "live");
}

async function signIn(token) {
  const answer = await fetch("console/sign_in", { method: "POST", body: new URLSearchParams({ token }) });
  byId("token").value = "";
  if (answer.ok) ask();
  else askForToken(answer.status === 401 ? "That is not the token." : "The console is closed: DIAG_TOKEN is not set.");
}

byId("sign-in-form").addEventListener("submit", (event) => {
  event.preventDefault();
  signIn(byId("token").value);
});
byId("sign-out").addEventListener("click", async () => {
  await fetch("console/sign_out", { method: "POST" });
  clearTimeout(timer);
  place = { run: "", after: 0, point: 0 };
  askForToken();
});
byId("check").addEventListener("click", async (event) => {
  event.target.disabled = true;
  await fetch("console/preflight", { method: "POST" }).catch(() => null);
  event.target.disabled = false;
  ask();
});
document.addEventListener("visibilitychange", ask);
window.addEventListener("pagehide", () => fetch(`console/leave?viewer=${viewer}`, { method: "POST", keepalive: true }).catch(() => null));
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target.matches("input") || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  byId("query").focus();
});

// A link may carry the token behind the "#", which no server is told of; it leaves the address at once.
const carried = /^#token=(.+)$/.exec(location.hash);
if (carried) {
  history.replaceState(null, "", location.pathname);
  signIn(decodeURIComponent(carried[1]));
} else {
  ask();
}
