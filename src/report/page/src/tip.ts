// The note beside the pointer or the keyboard's cursor.

import type { Description } from "./describe";
import { foreign, make } from "./dom";

const away = 12; // px from the pointer

export class Tip {
  readonly element = make("div", { class: "tip", id: "tip", "aria-hidden": "true", hidden: true });

  // At a point of the window, kept inside it.
  show(description: Description, x: number, y: number): void {
    const lines = description.lines.map((line) => make("div", {}, line));
    this.element.replaceChildren(foreign(description.title, { class: "tip-title" }), ...lines);
    this.element.hidden = false;
    const { offsetWidth, offsetHeight } = this.element;
    const width = document.documentElement.clientWidth;
    const left = Math.max(4, Math.min(x + away, width - offsetWidth - 4));
    const below = y + away + offsetHeight <= window.innerHeight;
    this.element.style.left = `${left}px`;
    this.element.style.top = `${below ? y + away : Math.max(4, y - offsetHeight - 3 * away)}px`;
  }

  hide(): void {
    this.element.hidden = true;
  }
}
