// The buttons that zoom, which part of the run is in view, in words and as a bar.

import { byId, make } from "./dom";
import { formatTick, formatTime } from "./format";
import type { View } from "./view";

export function buildZoomBar(view: View): void {
  const button = (id: string, text: string, label: string, action: () => void) => {
    const element = make("button", { type: "button", id, title: label, "aria-label": label }, text);
    element.addEventListener("click", action);
    return element;
  };
  const buttons = [
    button("zoom-in", "+", "Zoom in", () => view.zoom(2)),
    button("zoom-out", "\u2212", "Zoom out", () => view.zoom(0.5)),
    button("pan-left", "\u2190", "Earlier", () => view.pan(-view.span / 2)),
    button("pan-right", "\u2192", "Later", () => view.pan(view.span / 2)),
    button("zoom-reset", "Whole run", "Show the whole run", () => view.reset()),
  ];
  const range = make("output", { id: "range" });
  const thumb = make("div", { class: "thumb" });
  const bar = byId("zoom-bar");
  bar.append(
    make("div", { class: "buttons", role: "group", "aria-label": "Zoom" }, ...buttons),
    range,
  );
  bar.after(make("div", { class: "overview", "aria-hidden": "true" }, thumb));
  const show = () => {
    const step = view.span / 1000;
    range.textContent = view.isWhole
      ? `the whole run, ${formatTime(view.whole)}`
      : `${formatTick(view.from, step, view.to)} to ${formatTick(view.to, step, view.to)} (${formatTime(view.span)})`;
    range.dataset.from = String(view.from);
    range.dataset.to = String(view.to);
    thumb.style.left = `${(view.from / view.whole) * 100}%`;
    thumb.style.width = `${Math.max(0.3, (view.span / view.whole) * 100)}%`;
  };
  view.watch(show);
  show();
}
