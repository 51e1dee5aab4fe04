// Draws the timeline's axis and lanes on its canvas.

import { formatTick } from "./format";
import { busyParts, type Lane } from "./run";
import { busyPixels, palette, pixelOf } from "./theme";
import { ticksBetween } from "./ticks";
import { Columns, type Track } from "./track";
import type { View } from "./view";

export const axisHeight = 24;

export interface Geometry {
  // All in CSS pixels.
  width: number;
  lane: number;
  gap: number;
}

export function heightOf(geometry: Geometry, lanes: number): number {
  return axisHeight + lanes * (geometry.lane + geometry.gap);
}

// One lane as an image: columns of stacked shares, failures as a stripe along its top.
class Strip {
  private readonly image: ImageData;
  private readonly pixels: Uint32Array;

  constructor(
    private readonly width: number,
    private readonly height: number,
    private readonly stripe: number,
  ) {
    this.image = new ImageData(width, height);
    this.pixels = new Uint32Array(this.image.data.buffer);
  }

  draw(
    canvas: CanvasRenderingContext2D,
    y: number,
    columns: Columns,
    lane: Lane,
    markWidth: number,
  ): void {
    const busy = busyPixels(lane);
    const { failed, parts } = palette();
    const idle = pixelOf(parts.idle);
    for (let x = 0; x < this.width; x++) this.drawColumn(x, columns, busy, idle);
    this.drawFailures(columns, pixelOf(failed), pixelOf(palette().surface), markWidth);
    canvas.putImageData(this.image, 0, y);
  }

  private fill(x: number, top: number, bottom: number, pixel: number): void {
    for (let y = top; y < bottom; y++) this.pixels[y * this.width + x] = pixel;
  }

  private drawColumn(x: number, columns: Columns, busy: number[], idle: number): void {
    let bottom = this.height;
    let share = 0;
    for (let part = 0; part < busy.length; part++) {
      share += columns.share[busyParts[part]!][x]!;
      const top = Math.max(0, Math.min(bottom, Math.round(this.height * (1 - share))));
      this.fill(x, top, bottom, busy[part]!);
      bottom = top;
    }
    this.fill(x, 0, bottom, idle);
    if (columns.edge[x]) this.fill(x, 0, this.height, idle);
  }

  // A lone failure in ten million items has to be seen: it is at least markWidth wide.
  private drawFailures(columns: Columns, pixel: number, rim: number, markWidth: number): void {
    let until = 0;
    for (let x = 0; x < this.width; x++) {
      if (columns.failed[x]) until = Math.max(until, Math.min(this.width, x + markWidth));
      if (x >= until || (columns.edge[x] && !columns.failed[x])) continue;
      this.fill(x, 0, this.stripe, pixel);
      this.fill(x, this.stripe, this.stripe + 1, rim);
    }
  }
}

function drawAxis(
  canvas: CanvasRenderingContext2D,
  view: View,
  geometry: Geometry,
  height: number,
): void {
  const { muted, line } = palette();
  const ticks = ticksBetween(view.from, view.to, Math.max(2, Math.floor(geometry.width / 110)));
  canvas.font = "12px system-ui, sans-serif";
  canvas.textBaseline = "middle";
  for (const at of ticks.at) {
    const x = Math.round(((at - view.from) / view.span) * geometry.width);
    canvas.fillStyle = line;
    canvas.fillRect(x, axisHeight - 6, 1, height - axisHeight + 6);
    const label = formatTick(at, ticks.step, view.to);
    const width = canvas.measureText(label).width;
    canvas.fillStyle = muted;
    canvas.fillText(
      label,
      Math.max(0, Math.min(x - width / 2, geometry.width - width)),
      axisHeight / 2 - 2,
    );
  }
}

// Fits the canvas to the geometry and draws all of it. O(lanes * width + slices in view).
export function paint(
  canvas: HTMLCanvasElement,
  view: View,
  geometry: Geometry,
  tracks: Track[],
): void {
  const context = canvas.getContext("2d");
  if (!context || geometry.width <= 0) return;
  const ratio = Math.min(window.devicePixelRatio || 1, 3);
  const height = heightOf(geometry, tracks.length);
  const columns = new Columns(Math.max(1, Math.round(geometry.width * ratio)));
  const laneHeight = Math.round(geometry.lane * ratio);
  canvas.width = columns.count;
  canvas.height = Math.round(height * ratio);
  canvas.style.height = `${height}px`;
  context.scale(ratio, ratio);
  drawAxis(context, view, geometry, height);
  const strip = new Strip(columns.count, laneHeight, Math.max(2, Math.round(laneHeight * 0.22)));
  tracks.forEach((track, i) => {
    columns.sum(track, view.from, view.to);
    const y = Math.round((axisHeight + i * (geometry.lane + geometry.gap)) * ratio);
    strip.draw(context, y, columns, track.lane, Math.ceil(2 * ratio));
  });
}
