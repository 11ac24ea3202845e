// Elements are made here and nowhere by markup in strings: what a service logs stays text.

export function el(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export const byId = (id) => document.getElementById(id);

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });

export const timeOf = (ms) => clock.format(new Date(ms));

export function duration(ms) {
  if (ms === null || ms === undefined) return "still running";
  if (ms < 1) return `${ms.toFixed(2)} ms`;
  if (ms < 100) return `${ms.toFixed(1)} ms`;
  if (ms < 10000) return `${Math.round(ms)} ms`;
  return `${(ms / 1000).toFixed(1)} s`;
}

export function amount(value) {
  if (value === null || value === undefined) return "–";
  if (value === 0) return "0";
  return Math.abs(value) >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(2)));
}

export const toneOf = (status) =>
  ({ OK: "good", READY: "good", DEGRADED: "warn", SKIPPED: "warn", FAIL: "bad" })[status] ?? "plain";

export function pill(text, tone) {
  return el("span", { class: "pill", "data-tone": tone }, text);
}
