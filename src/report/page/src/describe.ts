// Says in words what a lane did at a place of the timeline.

import { formatCount, formatPercent, formatTime } from "./format";
import { nameOf, partOf, parts, wordFor, type Lane, type Part, type Run } from "./run";
import { firstEndingAfter, type Track } from "./track";

export interface Description {
  title: string;
  lines: string[];
  // What it is about: one slice, or as many as share a pixel.
  from: number;
  to: number;
}

function listParts(run: Run, lane: Lane, time: Record<Part, number>, total: number): string {
  return parts
    .filter((part) => time[part] > 0)
    .map(
      (part) =>
        `${partOf(run, lane, part)} ${formatTime(time[part])} (${formatPercent(time[part] / total)})`,
    )
    .join(", ");
}

function failedLine(items: number, failed: number): string[] {
  if (failed === 0) return [];
  return [items === 1 && failed === 1 ? "failed" : `${formatCount(failed)} failed`];
}

function dominant(time: Record<Part, number>): Part {
  return parts.reduce((best, part) => (time[part] > time[best] ? part : best));
}

function timeOf(track: Track, from: number, to: number): Record<Part, number> {
  const time = { work: 0, generator: 0, collector: 0, idle: 0 };
  for (const part of parts)
    for (let i = from; i < to; i++) time[part] += track.lane.slices[part][i]!;
  return time;
}

function sum(column: number[], from: number, to: number): number {
  let total = 0;
  for (let i = from; i < to; i++) total += column[i]!;
  return total;
}

// The slices from `first` to before `last`. REQUIRES: first < last.
function describeSlices(run: Run, track: Track, first: number, last: number): Description {
  const { slices, name } = track.lane;
  const [from, to] = [track.start[first]!, track.end[last - 1]!];
  const time = timeOf(track, first, last);
  const items = sum(slices.items, first, last);
  const failed = sum(slices.failed, first, last);
  const one = parts.filter((part) => time[part] > 0).length <= 1;
  const label = partOf(run, track.lane, dominant(time));
  const lines = [one && items > 0 ? `${label}, ${formatTime(to - from)}` : formatTime(to - from)];
  if (!one) lines.push(listParts(run, track.lane, time, to - from));
  lines.push(...failedLine(items, failed), `${name}, at ${formatTime(from)}`);
  return { title: titleOf(run, track, first, last, items, label), lines, from, to };
}

function titleOf(
  run: Run,
  track: Track,
  first: number,
  last: number,
  items: number,
  label: string,
): string {
  if (items === 0) return last - first === 1 ? label : `${formatCount(last - first)} spans`;
  const { slices } = track.lane;
  let holder = first;
  while (holder < last - 1 && slices.items[holder] === 0) holder++;
  const index = slices.first[holder]!;
  const named = slices.name[holder]!;
  const name = nameOf(run, index, named > 0 ? (run.names[named - 1] ?? "") : "");
  return items === 1 ? name : `${formatCount(items)} ${wordFor(run, items)}, the first is ${name}`;
}

// The slice in the middle where it is at least as wide as the range, else all that the range
// touches. Null: nothing was recorded there.
export function describe(run: Run, track: Track, from: number, to: number): Description | null {
  const middle = (from + to) / 2;
  const at = firstEndingAfter(track, middle);
  if (
    at < track.count &&
    track.start[at]! <= middle &&
    track.end[at]! - track.start[at]! >= to - from
  ) {
    return describeSlices(run, track, at, at + 1);
  }
  const first = firstEndingAfter(track, from);
  let last = first;
  while (last < track.count && track.start[last]! < to) last++;
  return first === last ? null : describeSlices(run, track, first, last);
}
