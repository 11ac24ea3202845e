// The side panel: what the bot called and what it was sent, the newest first.

import { el } from "./dom.js";

const MOST_ROWS = 200;

const calls = document.getElementById("calls");
const updates = document.getElementById("updates");
const opener = document.getElementById("show-activity");
const panel = document.getElementById("activity");
const totals = { calls: 0, updates: 0 };
const rowsOfUpdates = new Map();

function count(kind) {
  totals[kind] += 1;
  document.getElementById(`${kind}-count`).textContent = totals[kind].toLocaleString();
}

function prepend(list, row) {
  list.prepend(row);
  while (list.children.length > MOST_ROWS) list.lastElementChild.remove();
}

const row = (details, ...line) => el("li", { className: "row" }, details ? el("details", {}, el("summary", {}, ...line), el("pre", {}, JSON.stringify(details, null, 1))) : el("div", { className: "row-line" }, ...line));

const badge = (look, text) => el("span", { className: `badge ${look}` }, text);

const LOOKS = { ok: "good", delivered: "good", refused: "warn", waiting: "", retrying: "warn", expired: "bad", dropped: "bad", "not modelled": "bad" };

export function showCall(call) {
  count("calls");
  const look = LOOKS[call.outcome] ?? "bad";
  const label = call.outcome === "refused" ? String(call.error_code) : call.outcome;
  const details = { ...call.parameters, ...(call.description ? { "→": call.description } : {}) };
  const time = call.duration_ms === undefined ? "" : `${call.duration_ms.toFixed(1)} ms`;
  prepend(calls, row(details, el("span", { className: "row-name" }, call.method), el("span", { className: "row-note" }, time), badge(look, label)));
  if (call.outcome === "not modelled" && !isOpen()) opener.setAttribute("data-attention", "");
}

export function showUpdate(update) {
  const known = rowsOfUpdates.get(update.update_id);
  const tries = update.tries > 1 ? `${update.tries}×` : "";
  const line = [el("span", { className: "row-note" }, `#${update.update_id}`), el("span", { className: "row-name" }, update.type), el("span", { className: "row-note" }, [update.person, tries].filter(Boolean).join(" · ")), badge(LOOKS[update.status] ?? "", update.status)];
  const drawn = row(update.update, ...line);
  if (known?.isConnected) {
    drawn.firstElementChild.open = known.firstElementChild.open ?? false;
    known.replaceWith(drawn);
  } else {
    count("updates");
    prepend(updates, drawn);
  }
  rowsOfUpdates.set(update.update_id, drawn);
  if (rowsOfUpdates.size > 2 * MOST_ROWS) rowsOfUpdates.delete(rowsOfUpdates.keys().next().value);
}

export function resetActivity(snapshot) {
  totals.calls = 0;
  totals.updates = 0;
  rowsOfUpdates.clear();
  calls.replaceChildren();
  updates.replaceChildren();
  snapshot.calls.forEach(showCall);
  snapshot.updates.forEach(showUpdate);
}

const isOpen = () => opener.getAttribute("aria-expanded") === "true";

opener.addEventListener("click", () => {
  const open = !isOpen();
  opener.setAttribute("aria-expanded", String(open));
  panel.hidden = !open;
  if (open) opener.removeAttribute("data-attention");
});
