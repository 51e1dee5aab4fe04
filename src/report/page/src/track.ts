// One lane's slices, ready to be searched and to be summed up by pixel column.

import { busyParts, parts, type Lane } from "./run";

export interface Track {
  lane: Lane;
  count: number;
  start: number[];
  end: Float64Array;
}

export function makeTrack(lane: Lane): Track {
  const { slices } = lane;
  const end = new Float64Array(slices.start.length);
  for (let i = 0; i < end.length; i++) {
    let length = slices.start[i]!;
    for (const part of parts) length += slices[part][i]!;
    end[i] = length;
  }
  return { lane, count: end.length, start: slices.start, end };
}

// The first slice that ends after an instant; count, where none does. O(log count).
export function firstEndingAfter(track: Track, instant: number): number {
  let low = 0;
  let high = track.count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (track.end[middle]! > instant) high = middle;
    else low = middle + 1;
  }
  return low;
}

// What a lane did in each of a row of equal columns.
export class Columns {
  readonly share: Record<(typeof busyParts)[number], Float32Array>;
  readonly failed: Uint8Array;
  // 1 in the last column of a slice that is wide enough to be told from the next.
  readonly edge: Uint8Array;

  constructor(readonly count: number) {
    this.share = {
      work: new Float32Array(count),
      generator: new Float32Array(count),
      collector: new Float32Array(count),
    };
    this.failed = new Uint8Array(count);
    this.edge = new Uint8Array(count);
  }

  // O(log slices + slices in the range + columns).
  sum(track: Track, from: number, to: number): void {
    for (const part of busyParts) this.share[part].fill(0);
    this.failed.fill(0);
    this.edge.fill(0);
    const scale = this.count / (to - from);
    for (let i = firstEndingAfter(track, from); i < track.count && track.start[i]! < to; i++) {
      this.add(track, i, (track.start[i]! - from) * scale, (track.end[i]! - from) * scale);
    }
  }

  // A slice that covers the columns' axis from a to b.
  private add(track: Track, slice: number, a: number, b: number): void {
    if (b <= a) return;
    const { slices } = track.lane;
    const first = Math.max(0, Math.floor(a));
    const last = Math.min(this.count - 1, Math.ceil(b) - 1);
    const length = track.end[slice]! - track.start[slice]!;
    for (const part of busyParts) {
      const share = slices[part][slice]! / length;
      if (share === 0) continue;
      const sums = this.share[part];
      for (let c = first; c <= last; c++) sums[c]! += share * (Math.min(b, c + 1) - Math.max(a, c));
    }
    if (slices.failed[slice]! > 0) this.failed.fill(1, first, last + 1);
    if (b - a >= 5 && last < this.count - 1) this.edge[last] = 1;
  }
}
