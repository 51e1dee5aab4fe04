// The timeline: a lane for each worker, what it did when. Pointing at it says which item that was.

import { describe, type Description } from "./describe";
import { byId, make, numberCell, numbersOf, type Cell } from "./dom";
import { exactTime, formatCount, formatPercent, formatTime } from "./format";
import { axisHeight, heightOf, paint, type Geometry } from "./paint";
import { parts, type Lane, type Run } from "./run";
import { onThemeChange } from "./theme";
import { onKeys, viewKeys, zoomByPointer } from "./timeline_input";
import { Tip } from "./tip";
import { firstEndingAfter, makeTrack, type Track } from "./track";
import type { View } from "./view";

const lanesAtFirst = 24;

function geometryFor(lanes: number, width: number): Geometry {
  return { width, lane: lanes <= 4 ? 32 : lanes <= 12 ? 22 : 14, gap: lanes <= 12 ? 4 : 3 };
}

function numbers(run: Run): HTMLElement {
  const time = (value: number): Cell => numberCell(formatTime(value), value, exactTime(value));
  const rows = run.lanes.map((lane) => [
    { text: lane.name },
    numberCell(formatCount(lane.items), lane.items),
    time(lane.busy),
    ...parts.map((part) => time(lane.time[part])),
  ]);
  return numbersOf({
    caption: `Time of each ${run.words.lane}`,
    head: [run.words.lane, run.words.items, "busy", ...parts.map((part) => run.parts[part])],
    rows,
  });
}

// Lanes are idle in a pause, but for what had been started: so the table counts it, too.
function pause(run: Run): HTMLElement[] {
  const { paused } = run.summary;
  if (paused === 0) return [];
  const sentence =
    `The run was paused for ${formatTime(paused)}. The timeline and the table below count that as idle; ` +
    "the shares above leave it out.";
  return [make("p", { class: "help", id: "paused-help" }, sentence)];
}

export class Timeline {
  readonly tracks: Track[];
  private geometry: Geometry;
  private shown: number;
  private readonly canvas = make("canvas", { tabindex: 0, role: "application", id: "lanes" });
  private readonly names = make("ol", { class: "lane-names", "aria-hidden": "true" });
  private readonly cursor = make("div", { class: "cursor", hidden: true });
  private readonly selection = make("div", { class: "selection", hidden: true });
  private readonly said = make("div", { class: "unseen", role: "status", id: "said" });
  private readonly frame = make("div", { class: "tracks" });
  private readonly tip = new Tip();
  private lane = 0;
  private place: Description | null = null;

  constructor(
    private readonly run: Run,
    private readonly view: View,
  ) {
    this.tracks = run.lanes.map(makeTrack);
    this.shown = Math.min(this.tracks.length, lanesAtFirst);
    this.geometry = geometryFor(this.tracks.length, 0);
    this.canvas.setAttribute(
      "aria-label",
      `Timeline of ${formatCount(this.tracks.length)} ${this.tracks.length === 1 ? run.words.lane : run.words.lanes}. ` +
        "N and P go to the next and the previous span, up and down to another lane; plus and minus zoom, left and " +
        "right pan, 0 shows the whole run. The numbers are in the table below.",
    );
    const plot = make("div", { class: "plot" }, this.canvas, this.selection, this.cursor);
    this.frame.append(this.names, plot);
  }

  build(): void {
    const section = byId("timeline-body");
    section.append(this.frame);
    if (this.tracks.length > lanesAtFirst) section.append(this.moreButton());
    section.append(this.said, this.tip.element, ...pause(this.run), numbers(this.run));
    this.fillNames();
    this.listen();
    new ResizeObserver(() => this.draw()).observe(this.canvas.parentElement!);
    this.draw();
  }

  // Points at a place of a lane as the keyboard does, and says what is there.
  goTo(laneName: string, from: number, to: number): void {
    const lane = this.tracks.findIndex((track) => track.lane.name === laneName);
    if (lane < 0) return;
    if (lane >= this.shown) this.showAll();
    this.lane = lane;
    this.canvas.focus({ preventScroll: true });
    this.frame.scrollIntoView({ block: "center" });
    this.moveTo(describe(this.run, this.tracks[lane]!, from, to));
  }

  private moreButton(): HTMLElement {
    const button = make("button", { type: "button", id: "all-lanes", "aria-expanded": "false" });
    const label = () => {
      const all = this.shown === this.tracks.length;
      button.setAttribute("aria-expanded", String(all));
      button.textContent = all
        ? `Show ${lanesAtFirst} lanes`
        : `Show all ${formatCount(this.tracks.length)} lanes`;
    };
    button.addEventListener("click", () => {
      this.shown = this.shown === this.tracks.length ? lanesAtFirst : this.tracks.length;
      this.fillNames();
      this.draw();
      label();
    });
    label();
    return button;
  }

  private showAll(): void {
    byId("all-lanes").click();
  }

  private fillNames(): void {
    this.frame.style.setProperty("--lane", `${this.geometry.lane}px`);
    this.frame.style.setProperty("--gap", `${this.geometry.gap}px`);
    this.names.replaceChildren(
      ...this.tracks.slice(0, this.shown).map(({ lane }) => this.nameOfLane(lane)),
    );
  }

  private nameOfLane(lane: Lane): HTMLElement {
    const total = parts.reduce((sum, part) => sum + lane.time[part], 0);
    const busy = total > 0 ? formatPercent(lane.busy / total) : "";
    return make(
      "li",
      { title: `${lane.name}: busy ${formatTime(lane.busy)} ${busy}` },
      make("bdi", { class: "lane-name" }, lane.name),
      make("span", { class: "lane-busy" }, busy),
    );
  }

  private listen(): void {
    const { view, canvas } = this;
    view.watch(() => {
      this.draw();
      this.placeCursor();
    });
    onThemeChange(() => this.draw());
    zoomByPointer({
      view,
      element: canvas,
      isAxis: (y) => y < axisHeight,
      pointAt: (x, y) => this.pointAt(x, y),
      pointAway: () => this.tip.hide(),
      select: (from, to) => this.select(from, to),
    });
    const keys = viewKeys(view);
    keys.set("n", () => this.step(1)).set("p", () => this.step(-1));
    keys.set("ArrowDown", () => this.changeLane(1)).set("ArrowUp", () => this.changeLane(-1));
    keys.set("Enter", () => {
      if (this.place) this.zoomTo(this.place.from, this.place.to);
    });
    keys.set("Escape", () => {
      this.tip.hide();
      this.moveTo(null);
    });
    onKeys(canvas, keys);
    canvas.addEventListener("focus", () => {
      if (!canvas.matches(":focus-visible")) return;
      if (this.place) this.placeCursor();
      else this.changeLane(0);
    });
    canvas.addEventListener("blur", () => {
      this.tip.hide();
      this.cursor.hidden = true;
    });
  }

  zoomTo(from: number, to: number): void {
    const margin = Math.max(to - from, 10) * 0.5;
    this.view.set(from - margin, to + margin);
  }

  private get pixel(): number {
    return this.view.span / Math.max(1, this.geometry.width);
  }

  private draw(): void {
    this.geometry = geometryFor(this.tracks.length, this.canvas.clientWidth);
    paint(this.canvas, this.view, this.geometry, this.tracks.slice(0, this.shown));
    this.canvas.dataset.from = String(Math.round(this.view.from));
    this.canvas.dataset.to = String(Math.round(this.view.to));
  }

  private laneTop(lane: number): number {
    return axisHeight + lane * (this.geometry.lane + this.geometry.gap);
  }

  private pointAt(x: number, y: number): void {
    const lane = Math.floor((y - axisHeight) / (this.geometry.lane + this.geometry.gap));
    const track = y < axisHeight || lane >= this.shown ? undefined : this.tracks[lane];
    const from = this.view.from + Math.floor(x) * this.pixel;
    const description = track ? describe(this.run, track, from, from + this.pixel) : null;
    if (!description) return this.tip.hide();
    const box = this.canvas.getBoundingClientRect();
    this.tip.show(description, box.left + x, box.top + this.laneTop(lane) + this.geometry.lane);
  }

  private select(from: number | null, to: number | null): void {
    this.selection.hidden = from === null || to === null;
    if (from === null || to === null) return;
    this.tip.hide();
    this.selection.style.left = `${from}px`;
    this.selection.style.width = `${to - from}px`;
    this.selection.style.top = `${axisHeight}px`;
    this.selection.style.height = `${heightOf(this.geometry, this.shown) - axisHeight}px`;
  }

  private changeLane(by: number): void {
    this.lane = Math.max(0, Math.min(this.shown - 1, this.lane + by));
    const track = this.tracks[this.lane]!;
    const { from, to } = this.place ?? this.view;
    const at = this.place ? (from + to) / 2 : from;
    const description = describe(this.run, track, at, at + this.pixel);
    if (description) this.moveTo(description);
    else this.step(1);
  }

  // To the next place, in either direction: a span, or what shares a pixel.
  private step(direction: 1 | -1): void {
    const track = this.tracks[this.lane]!;
    const range = direction > 0 ? this.after(track) : this.before(track);
    const description = range && describe(this.run, track, range[0], range[1]);
    if (description) this.moveTo(description);
  }

  private after(track: Track): [from: number, to: number] | null {
    const edge = this.place ? this.place.to : this.view.from;
    const start = track.start[firstEndingAfter(track, edge)];
    if (start === undefined) return null;
    return [Math.max(edge, start), Math.max(edge, start) + this.pixel];
  }

  private before(track: Track): [from: number, to: number] | null {
    const edge = this.place ? this.place.from : this.view.from;
    let slice = firstEndingAfter(track, edge - 0.5);
    if (slice === track.count || track.start[slice]! >= edge) slice--;
    if (slice < 0) return null;
    const end = Math.min(track.end[slice]!, edge);
    return [Math.max(0, end - this.pixel), end];
  }

  private moveTo(place: Description | null): void {
    this.place = place;
    if (place) {
      this.said.textContent = [place.title, ...place.lines].join("; ");
      if (place.to <= this.view.from || place.from >= this.view.to) {
        this.view.set(place.from - this.view.span / 2, place.from + this.view.span / 2);
      }
    }
    this.placeCursor();
  }

  private placeCursor(): void {
    const { place, cursor, view } = this;
    cursor.hidden = place === null || place.to < view.from || place.from > view.to;
    if (cursor.hidden || !place) return this.tip.hide();
    const left = Math.max(0, (place.from - view.from) / this.pixel);
    const right = Math.min(this.geometry.width, (place.to - view.from) / this.pixel);
    cursor.style.left = `${left}px`;
    cursor.style.width = `${Math.max(3, right - left)}px`;
    cursor.style.top = `${this.laneTop(this.lane)}px`;
    cursor.style.height = `${this.geometry.lane}px`;
    const box = this.canvas.getBoundingClientRect();
    this.tip.show(place, box.left + left, box.top + this.laneTop(this.lane) + this.geometry.lane);
  }
}
