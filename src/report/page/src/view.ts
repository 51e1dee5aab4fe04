// The range of time that the timeline and the charts show. One for the page; who draws it watches
// it.

const narrowest = 100; // ns

export class View {
  from = 0;
  to: number;
  private readonly watchers: (() => void)[] = [];
  private pending = false;

  // REQUIRES: whole > 0, the end of the run.
  constructor(readonly whole: number) {
    this.to = whole;
  }

  get span(): number {
    return this.to - this.from;
  }

  get isWhole(): boolean {
    return this.from <= 0 && this.to >= this.whole;
  }

  // Called once a frame after changes, not once a change.
  watch(watcher: () => void): void {
    this.watchers.push(watcher);
  }

  // The nearest range within the run.
  set(from: number, to: number): void {
    const span = Math.min(this.whole, Math.max(to - from, Math.min(narrowest, this.whole)));
    const middle = (from + to) / 2;
    this.from = Math.max(0, Math.min(middle - span / 2, this.whole - span));
    this.to = this.from + span;
    this.announce();
  }

  // By a factor (2: twice as much detail), leaving the instant `at` where it is.
  zoom(factor: number, at = (this.from + this.to) / 2): void {
    const span = Math.max(this.span / factor, Math.min(narrowest, this.whole));
    const from = at - (at - this.from) * (span / this.span);
    this.set(from, from + span);
  }

  pan(nanoseconds: number): void {
    this.set(this.from + nanoseconds, this.to + nanoseconds);
  }

  reset(): void {
    this.set(0, this.whole);
  }

  private announce(): void {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      for (const watcher of this.watchers) watcher();
    });
  }
}
