// The reports with their sections; what is wrong stands open, with how to fix it.

import { duration, el, pill, timeOf, toneOf } from "./dom.js";

let drawn = "";

export function drawPreflights(preflights, place, mutes) {
  const results = preflights.map((each) => each.report?.result).filter(Boolean);
  const worst = ["FAIL", "DEGRADED", "READY"].find((result) => results.includes(result)) ?? "starting";
  const now = JSON.stringify(preflights.map(({ title, report }) => [title, report?.started_at_ms, report?.result, report?.mutes]));
  if (now !== drawn) {
    drawn = now;
    place.replaceChildren(...preflights.map((each) => card(each, mutes)));
  }
  return worst;
}

function card({ title, report }, mutes) {
  const body = report ? [
    el("ul", { class: "sections" }, ...Object.entries(report.sections).map(section)),
    ...Object.values(report.sections).flatMap((each) => each.findings ?? []).map((each) => finding(each, report.mutes, mutes)),
    el("p", { class: "faint" }, `checked at ${timeOf(report.started_at_ms)}, in ${duration(report.duration_ms)}`),
  ] : [el("p", { class: "soft" }, "No result yet.")];
  return el("article", { class: "card" },
    el("div", { class: "head" }, el("h2", {}, title), pill(report?.result ?? "…", toneOf(report?.result))), ...body);
}

function section([name, { status, details, meta }]) {
  return el("li", {},
    el("span", { class: "dot", "data-tone": toneOf(status), title: status }),
    el("span", { class: "name" }, name),
    el("span", { class: "what soft" }, status === "OK" ? details : `${status}: ${details}`),
    el("span", { class: "faint number" }, duration(meta?.latency_ms ?? 0)));
}

function finding(each, muted, mutes) {
  const mute = each.muted ? muted.find(({ code }) => code === each.code) : undefined;
  const rows = [
    ["Observed", `${plain(each.observed)}, expected ${plain(each.expected)}`],
    ["Users feel", each.impact],
    ["To fix", each.how_to_fix],
    ["Runbook", each.runbook],
    each.sample.length ? ["Affects", `${each.affected_count}: ${each.sample.join(", ")}`] : null,
    mute ? ["Muted", `until ${new Date(mute.until_ms).toLocaleString()}: ${mute.reason}`] : null,
  ].filter(Boolean);
  const button = each.muted
    ? el("button", { type: "button", class: "quiet", onclick: () => mutes.drop(each.code), "aria-label": `Let ${each.code} count again` }, "Unmute")
    : el("button", { type: "button", class: "quiet", onclick: () => mutes.open(each.code), "aria-label": `Mute ${each.code}` }, "Mute");
  return el("div", { class: "finding", "data-tone": each.muted ? "plain" : each.severity === "critical" ? "bad" : "warn" },
    el("div", { class: "head" }, el("h3", {}, each.code, " ", el("span", { class: "faint" }, each.muted ? "muted" : each.severity)), button),
    el("dl", {}, ...rows.flatMap(([term, text]) => [el("dt", {}, term), el("dd", {}, text)])));
}

const plain = (value) => (typeof value === "object" ? JSON.stringify(value) : String(value));
