// Light or dark: the system's choice until the reader makes one. Canvases take their colours from
// here.

import { busyParts, isWaiting, parts, type Lane, type Part } from "./run";

export interface Palette {
  text: string;
  muted: string;
  line: string;
  surface: string;
  accent: string;
  failed: string;
  waiting: string;
  parts: Record<Part, string>;
}

const watchers: (() => void)[] = [];
const system = matchMedia("(prefers-color-scheme: dark)");
let current: Palette | null = null;

export function onThemeChange(watcher: () => void): void {
  watchers.push(watcher);
}

export function palette(): Palette {
  if (current) return current;
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
  current = {
    text: colour("text"),
    muted: colour("muted"),
    line: colour("line"),
    surface: colour("surface"),
    accent: colour("accent"),
    failed: colour("failed"),
    waiting: colour("waiting"),
    parts: Object.fromEntries(parts.map((part) => [part, colour(part)])) as Record<Part, string>,
  };
  return current;
}

// #rrggbb as a pixel of ImageData seen as 32 bits, in this machine's byte order.
export function pixelOf(colour: string): number {
  const value = Number.parseInt(colour.slice(1), 16);
  const bytes = new Uint8Array([value >> 16, (value >> 8) & 255, value & 255, 255]);
  return new Uint32Array(bytes.buffer)[0]!;
}

// What a lane's busy parts look like: one of waiting items did no work.
export function busyPixels(lane: Lane): number[] {
  const { parts, waiting } = palette();
  return busyParts.map((part) =>
    pixelOf(part === "work" && isWaiting(lane) ? waiting : parts[part]),
  );
}

function isDark(): boolean {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : system.matches;
}

export function setUpTheme(button: HTMLElement): void {
  const apply = () => {
    current = null;
    button.textContent = isDark() ? "Light" : "Dark";
    button.setAttribute("aria-label", `Show in ${isDark() ? "light" : "dark"} colours`);
    for (const watcher of watchers) watcher();
  };
  button.addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    apply();
  });
  system.addEventListener("change", apply);
  apply();
}
