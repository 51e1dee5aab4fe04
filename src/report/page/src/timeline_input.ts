// Zooming, panning and pointing, by mouse, wheel, fingers and keys. Knows the view and pixels,
// nothing of slices.

import type { View } from "./view";

export interface Surface {
  view: View;
  element: HTMLElement;
  // Whether a point of the element, from its top, is on the axis, which is dragged to pan.
  isAxis(y: number): boolean;
  pointAt(x: number, y: number): void;
  pointAway(): void;
  // Null: no range is being selected.
  select(from: number | null, to: number | null): void;
}

const wheelStep = 1.0015; // per unit of deltaY
const gestureGap = 400; // ms between two gestures of a wheel
const clickSlack = 4; // px a hand moves in a click

export function instantAt(surface: { view: View; element: HTMLElement }, x: number): number {
  return surface.view.from + (x / surface.element.clientWidth) * surface.view.span;
}

function position(element: HTMLElement, event: MouseEvent): [x: number, y: number] {
  const box = element.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
}

// A wheel zooms; sideways or with shift it pans. A turn that began as scrolling of the page stays
// that, so that nobody gets stuck on a chart, and at the whole run zooming out is scrolling.
let lastScrolled = -Infinity;

function takeWheel(view: View, element: HTMLElement, event: WheelEvent): boolean {
  const pinched = event.ctrlKey || event.metaKey;
  if (!pinched && event.timeStamp - lastScrolled < gestureGap) return false;
  const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 30 : 1;
  const sideways = event.shiftKey ? event.deltaX || event.deltaY : event.deltaX;
  if (!pinched && Math.abs(sideways) > (event.shiftKey ? 0 : Math.abs(event.deltaY))) {
    if (view.isWhole) return false;
    view.pan((sideways * unit * view.span) / element.clientWidth);
    return true;
  }
  if (event.deltaY > 0 && view.isWhole && !pinched) return false;
  const [x] = position(element, event);
  view.zoom(
    wheelStep ** (-event.deltaY * unit * (pinched ? 5 : 1)),
    instantAt({ view, element }, x),
  );
  return true;
}

export function zoomByWheel(view: View, element: HTMLElement): void {
  element.addEventListener(
    "wheel",
    (event) => {
      if (takeWheel(view, element, event)) event.preventDefault();
    },
    { passive: false },
  );
}

window.addEventListener(
  "wheel",
  (event) => {
    if (!event.defaultPrevented) lastScrolled = event.timeStamp;
  },
  { passive: true },
);

// One pointer selects or pans, two pinch.
class Drag {
  private readonly pointers = new Map<number, number>();
  private start = 0;
  private last = 0;
  private pans = false;

  constructor(private readonly surface: Surface) {}

  down(event: PointerEvent): void {
    if (event.button !== 0) return;
    const [x, y] = position(this.surface.element, event);
    this.surface.element.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, x);
    this.start = this.last = x;
    this.pans = event.shiftKey || event.pointerType === "touch" || this.surface.isAxis(y);
    if (this.pointers.size > 1) this.surface.select(null, null);
  }

  move(event: PointerEvent): void {
    const { surface } = this;
    const [x, y] = position(surface.element, event);
    if (!this.pointers.has(event.pointerId)) return surface.pointAt(x, y);
    if (this.pointers.size === 2) return this.pinch(event.pointerId, x);
    this.pointers.set(event.pointerId, x);
    if (this.pans) {
      surface.view.pan(((this.last - x) * surface.view.span) / surface.element.clientWidth);
      this.last = x;
    } else if (Math.abs(x - this.start) >= clickSlack) {
      surface.select(Math.min(x, this.start), Math.max(x, this.start));
    }
  }

  up(event: PointerEvent): void {
    const { surface } = this;
    const alone = this.pointers.size === 1;
    if (!this.pointers.delete(event.pointerId) || !alone) return;
    const [x, y] = position(surface.element, event);
    surface.select(null, null);
    const moved = Math.abs(x - this.start) >= clickSlack;
    if (!this.pans && moved && event.type === "pointerup") {
      const ends = [instantAt(surface, this.start), instantAt(surface, x)] as const;
      surface.view.set(Math.min(...ends), Math.max(...ends));
    } else if (!moved) {
      surface.pointAt(x, y);
    }
  }

  private pinch(id: number, x: number): void {
    const { view, element } = this.surface;
    const [other] = [...this.pointers].filter(([key]) => key !== id).map(([, value]) => value);
    const before = this.pointers.get(id)!;
    this.pointers.set(id, x);
    if (other === undefined) return;
    const gap = Math.max(8, Math.abs(before - other));
    view.zoom(
      Math.max(8, Math.abs(x - other)) / gap,
      instantAt({ view, element }, (x + other) / 2),
    );
  }
}

export function zoomByPointer(surface: Surface): void {
  const { element } = surface;
  const drag = new Drag(surface);
  element.addEventListener("pointerdown", (event) => drag.down(event));
  element.addEventListener("pointermove", (event) => drag.move(event));
  element.addEventListener("pointerup", (event) => drag.up(event));
  element.addEventListener("pointercancel", (event) => drag.up(event));
  element.addEventListener("pointerleave", () => surface.pointAway());
  element.addEventListener("dblclick", () => surface.view.reset());
  zoomByWheel(surface.view, element);
}

// What a key does to the view; the timeline adds its own.
export function viewKeys(view: View): Map<string, () => void> {
  const inward = () => view.zoom(2);
  const outward = () => view.zoom(0.5);
  const reset = () => view.reset();
  return new Map([
    ["+", inward],
    ["=", inward],
    ["-", outward],
    ["_", outward],
    ["0", reset],
    ["Home", reset],
    ["ArrowLeft", () => view.pan(-view.span / 5)],
    ["ArrowRight", () => view.pan(view.span / 5)],
  ]);
}

export function onKeys(element: HTMLElement, keys: Map<string, () => void>): void {
  element.addEventListener("keydown", (event) => {
    const action = event.ctrlKey || event.metaKey || event.altKey ? undefined : keys.get(event.key);
    if (!action) return;
    event.preventDefault();
    action();
  });
}
