// Numbers as people read them. What is not known or not finite is shown as a dash.

export const unknown = "\u2013";

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const units: [size: number, name: string][] = [
  [1e9, "s"],
  [1e6, "ms"],
  [1e3, "us"],
  [1, "ns"],
];

function isNumber(value: number | null | undefined): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

// Three significant digits, no trailing zeros: 1.25, 34, 0.5.
function short(value: number): string {
  return value >= 1000 ? whole.format(value) : String(Number(value.toPrecision(3)));
}

export function formatCount(value: number | null | undefined): string {
  return isNumber(value) ? whole.format(value) : unknown;
}

// A rate or a factor: exact from 100 on, three digits below.
export function formatReal(value: number | null | undefined): string {
  if (!isNumber(value)) return unknown;
  return value >= 100 ? whole.format(value) : short(value);
}

export function formatPercent(share: number | null | undefined): string {
  if (!isNumber(share)) return unknown;
  const percent = share * 100;
  if (percent > 0 && percent < 0.1) return "< 0.1 %";
  return `${percent >= 99.95 || percent === 0 ? whole.format(percent) : percent.toFixed(1)} %`;
}

// From nanoseconds: "340 us", "1.25 s", "2 min 05 s", "3 h 07 min".
export function formatTime(nanoseconds: number | null | undefined): string {
  if (!isNumber(nanoseconds)) return unknown;
  if (nanoseconds === 0) return "0 s";
  const seconds = Math.round(nanoseconds / 1e9);
  if (seconds >= 3600) {
    const minutes = Math.round(seconds / 60);
    return `${whole.format(Math.floor(minutes / 60))} h ${String(minutes % 60).padStart(2, "0")} min`;
  }
  if (seconds >= 100)
    return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
  // 999.6 us is 1 ms: the unit is that of the rounded figure.
  const rounded = Number(nanoseconds.toPrecision(3));
  const [size, name] = units.find((unit) => rounded >= unit[0]) ?? [1, "ns"];
  return `${short(nanoseconds / size)} ${name}`;
}

// "850 bytes", "1.5 KiB", "64 MiB".
export function formatBytes(bytes: number | null | undefined): string {
  if (!isNumber(bytes)) return unknown;
  if (bytes < 1024) return `${formatCount(bytes)} ${bytes === 1 ? "byte" : "bytes"}`;
  let value = bytes / 1024;
  for (const unit of ["KiB", "MiB", "GiB"]) {
    if (value < 999.5) return `${short(value)} ${unit}`;
    value /= 1024;
  }
  return `${short(value)} TiB`;
}

export function exactBytes(bytes: number): string {
  return `${formatCount(bytes)} ${bytes === 1 ? "byte" : "bytes"}`;
}

export function exactTime(nanoseconds: number): string {
  return `${formatCount(nanoseconds)} ns`;
}

// A position on a time axis whose labels are `step` apart, so that neighbours differ.
export function formatTick(nanoseconds: number, step: number, largest: number): string {
  const [size, name] = units.find((unit) => largest >= unit[0]) ?? [1, "ns"];
  const decimals = Math.max(0, Math.min(9, Math.ceil(-Math.log10(step / size) - 1e-9)));
  return `${(nanoseconds / size).toFixed(decimals)} ${name}`;
}

// The start of the run in the reader's own time zone.
export function formatDate(unixSeconds: number): string {
  if (!isNumber(unixSeconds) || unixSeconds <= 0) return "";
  return new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "medium" }).format(
    unixSeconds * 1000,
  );
}
