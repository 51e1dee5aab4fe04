// Round positions of an axis.

export interface Ticks {
  step: number;
  at: number[];
}

// The round number (1, 2 or 5 times a power of ten) nearest above `least`.
function roundUp(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return (
    [1, 2, 5, 10].map((digit) => digit * power).find((step) => step >= least * (1 - 1e-9)) ??
    10 * power
  );
}

// REQUIRES: from < to, most >= 1.
export function ticksBetween(from: number, to: number, most: number): Ticks {
  const step = roundUp((to - from) / most);
  const at: number[] = [];
  for (let i = Math.ceil(from / step); i * step <= to; i++) at.push(i * step);
  return { step, at };
}
