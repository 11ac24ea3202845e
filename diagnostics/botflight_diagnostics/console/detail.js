// One update: its spans as a waterfall, a trace each, and its log lines.

import { byId, duration, el, pill, timeOf } from "./dom.js";

const EVERY_LINE = new Set(["timestamp_ms", "level", "event", "logger", "service", "version", "correlation_id", "trace_id", "span_id", "update_id", "update_type", "tenant_ref", "user_ref"]);

export class Detail {
  constructor() {
    byId("close").addEventListener("click", () => byId("detail").close());
    byId("detail").addEventListener("click", (event) => {
      if (event.target === byId("detail")) byId("detail").close();
    });
  }

  // Whether there was anything to show.
  async open(name) {
    const answer = await fetch(`console/updates/${encodeURIComponent(name)}`).catch(() => null);
    if (!answer?.ok) return false;
    const update = await answer.json();
    const end = update.ends.at(-1);
    byId("detail-title").replaceChildren(end?.handler ?? end?.update_type ?? "Still under way", " ", end ? pill(end.outcome, end["error_type"] ? "bad" : "good") : "");
    byId("detail-id").textContent = `correlation_id ${end?.correlation_id ?? name}`;
    byId("detail-body").replaceChildren(
      facts(end),
      el("h3", {}, "Spans"),
      ...(update.traces.length ? update.traces.map((trace) => waterfall(trace, update.traces[0].start_ms)) : [el("p", { class: "soft" }, "None yet.")]),
      el("h3", {}, "Log lines"),
      el("ol", { class: "lines" }, ...update.lines.map(line)),
      update.left_out ? el("p", { class: "faint" }, `${update.left_out} more are left out.`) : "");
    byId("detail").showModal();
    return true;
  }
}

function facts(end) {
  if (!end) return "";
  const told = [["ended", timeOf(end.at_ms)], ["took", duration(end.duration_ms)], ["user", end.user_ref], ["tenant", end.tenant_ref], ["update_id", end.update_id], ["error", end.error_type]];
  return el("dl", { class: "facts" }, ...told.filter(([, value]) => value !== undefined && value !== null).map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, String(value)))));
}

function waterfall(trace, first_ms) {
  const until = Math.max(...trace.spans.map((span) => span.start_ms + (span.duration_ms ?? 0)));
  const whole = Math.max(until - trace.start_ms, 0.001);
  const later = trace.start_ms - first_ms;
  return el("div", { class: "trace" },
    el("p", { class: "faint" }, `${later > 0 ? `${duration(later)} later, ` : ""}within ${duration(whole)}; trace ${trace.trace_id.slice(0, 8)}${trace.exported ? "" : ", not exported"}`),
    el("ol", { class: "spans" }, ...trace.spans.map((span) => row(span, trace.start_ms, whole))));
}

function row(span, start_ms, whole) {
  const bar = el("span", { class: "span-bar", "data-kind": span.kind, "data-failed": Boolean(span.error_type) });
  bar.style.left = `${((span.start_ms - start_ms) / whole) * 100}%`;
  bar.style.width = `${Math.max(((span.duration_ms ?? whole) / whole) * 100, 0.4)}%`;
  const name = el("span", { class: "span-name" }, span.name);
  name.style.paddingLeft = `${Math.min(span.depth, 8) * 0.8}rem`;
  const attributes = Object.entries(span.attributes);
  return el("li", {}, el("details", {},
    el("summary", {}, name, el("span", { class: "span-track" }, bar), el("span", { class: "number faint" }, duration(span.duration_ms))),
    el("dl", {}, ...[["kind", span.kind], ["error", span.error_type], ["led here", span.link && `trace ${span.link.slice(0, 8)}`], ...attributes].filter(([, value]) => value !== null && value !== undefined).flatMap(([key, value]) => [el("dt", {}, key), el("dd", {}, String(value))]))));
}

function line(fields) {
  const own = Object.entries(fields).filter(([name]) => !EVERY_LINE.has(name));
  return el("li", { "data-level": fields.level },
    el("div", {}, el("time", { class: "faint number" }, `${timeOf(fields.timestamp_ms)}.${String(fields.timestamp_ms % 1000).padStart(3, "0")}`), " ", el("strong", {}, fields.event), " ", el("span", { class: "faint" }, fields.logger ?? "")),
    el("div", { class: "mono soft" }, own.filter(([name]) => name !== "error.stack").map(([name, value]) => `${name}=${typeof value === "object" ? JSON.stringify(value) : value}`).join("  ")),
    fields["error.stack"] ? el("details", {}, el("summary", {}, "stack"), el("pre", {}, fields["error.stack"])) : "");
}
