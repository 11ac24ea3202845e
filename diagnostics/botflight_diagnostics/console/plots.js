// The plots of the last minutes, drawn by uPlot; the numbers of now stand beside them as text.

import { amount, byId, el } from "./dom.js";

const HEIGHT = 150;
const MOST = 900;
const dark = matchMedia("(prefers-color-scheme: dark)");
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const TONES = { OK: "--good", "failed updates": "--bad", "error lines": "--series-5", warnings: "--warn" };

export class Plots {
  #times = [];
  #plots = new Map();
  #minutes = 5;

  constructor() {
    new ResizeObserver(() => this.#resize()).observe(byId("plots"));
    dark.addEventListener("change", () => this.#plots.forEach((plot) => { plot.chart?.destroy(); plot.chart = null; this.#draw(plot); }));
    byId("spans").addEventListener("click", (event) => this.#choose(event.target.closest("button")));
  }

  clear() {
    this.#times = [];
    this.#plots.clear();
    byId("plots").replaceChildren();
  }

  add(history) {
    const before = this.#times.length;
    this.#times.push(...history.at_ms.map((ms) => ms / 1000));
    const gone = Math.max(0, this.#times.length - MOST);
    this.#times.splice(0, gone);
    for (const told of history.plots) {
      const plot = this.#plots.get(told.title) ?? this.#make(told);
      for (const { name, values } of told.lines) {
        if (!plot.lines.has(name)) plot.lines.set(name, new Array(before).fill(null));
        const line = plot.lines.get(name);
        line.push(...values);
        line.splice(0, gone);
      }
      this.#draw(plot);
    }
  }

  #make({ title, unit }) {
    const canvas = el("div", { class: "canvas", "aria-hidden": "true" });
    const legend = el("ul", { class: "legend" });
    const card = el("figure", { class: "card plot", "aria-label": title },
      el("figcaption", {}, title, " ", el("span", { class: "faint" }, unit)), legend, canvas);
    byId("plots").append(card);
    const plot = { title, unit, canvas, legend, lines: new Map(), chart: null };
    this.#plots.set(title, plot);
    return plot;
  }

  #draw(plot) {
    const from = Math.max(0, this.#times.length - this.#minutes * 60);
    const names = [...plot.lines.keys()];
    const data = [this.#times.slice(from), ...names.map((name) => plot.lines.get(name).slice(from))];
    if (plot.chart && plot.chart.series.length - 1 !== names.length) {
      plot.chart.destroy();
      plot.chart = null;
    }
    if (plot.chart) plot.chart.setData(data);
    else plot.chart = new uPlot(this.#options(plot, names), data, plot.canvas);
    plot.legend.replaceChildren(...names.map((name, at) => {
      const swatch = el("span", { class: "swatch" });
      swatch.style.background = this.#stroke(name, at);
      return el("li", {}, swatch, name, " ", el("strong", {}, amount(plot.lines.get(name).at(-1))));
    }));
  }

  #stroke(name, at) {
    return colour(TONES[name] ?? `--series-${(at % 6) + 1}`);
  }

  #options(plot, names) {
    const ink = colour("--ink-faint");
    const grid = { stroke: colour("--line"), width: 1 };
    const axis = { stroke: ink, grid, ticks: { show: false }, font: "11px system-ui, sans-serif" };
    return {
      width: plot.canvas.clientWidth || 300,
      height: HEIGHT,
      legend: { show: false },
      cursor: { sync: { key: "minutes" }, drag: { setScale: false, x: false, y: false } },
      scales: { x: { time: true }, y: { range: (_, __, most) => [0, Math.max(most || 0, 1) * 1.1] } },
      axes: [
        { ...axis, space: 70, size: 26, values: (_, ticks) => ticks.map((tick) => new Date(tick * 1000).toTimeString().slice(0, this.#minutes > 1 ? 5 : 8)) },
        { ...axis, size: 42, space: 34, values: (_, ticks) => ticks.map(amount) },
      ],
      series: [{}, ...names.map((name, at) => ({ label: name, stroke: this.#stroke(name, at), width: 1.6, spanGaps: true, points: { show: false } }))],
    };
  }

  #choose(button) {
    if (!button) return;
    this.#minutes = Number(button.dataset.minutes);
    for (const each of byId("spans").children) each.setAttribute("aria-pressed", String(each === button));
    this.#plots.forEach((plot) => { plot.chart?.destroy(); plot.chart = null; this.#draw(plot); });
  }

  #resize() {
    for (const { chart, canvas } of this.#plots.values()) {
      if (chart && canvas.clientWidth && Math.abs(chart.width - canvas.clientWidth) > 1) chart.setSize({ width: canvas.clientWidth, height: HEIGHT });
    }
  }
}
