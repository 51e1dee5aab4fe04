"""The pictures of a benchmark's results: SVG, for light and dark pages, fonts of the reader's
system."""

import math
from html import escape
from typing import NamedTuple

import documents

# Light and dark: background, text, grid, and the lines in the order of use, told apart by
# colour-blind readers too (after Okabe and Ito, brightened or darkened for their background).
LIGHT = (
    "#ffffff",
    "#1f2328",
    "#d1d9e0",
    ("#b3261e", "#e07a00", "#0060a8", "#4ba3d9", "#00795c", "#8a4f9e", "#6b5b00", "#5f6872"),
)
DARK = (
    "#0d1117",
    "#e6edf3",
    "#30363d",
    ("#ff7b72", "#ffb454", "#58a6ff", "#9fd3ff", "#3fc99a", "#d2a8ff", "#d9c95b", "#9aa4af"),
)
EMPTY_AT_NS = 8  # where empty items stand on the axis of lengths: what the plain loop takes for one

# Who is shown; and the colour of each, the same in all pictures.
LINES = ("parwork", "parwork-input", "tbb-batched", "tbb", "rust", "go", "moodycamel", "futures")
CALLERS = ("parwork", "parwork-nested", "tbb", "tbb-for", "futures")
COLOUR = {
    "parwork": 0,
    "parwork-input": 1,
    "parwork-nested": 1,
    "tbb-batched": 2,
    "tbb-for": 2,
    "tbb": 3,
    "rust": 4,
    "go": 5,
    "moodycamel": 6,
    "futures": 7,
}


class Frame(NamedTuple):
    """The area of the curves, in pixels."""

    left: float
    top: float
    width: float
    height: float


# --- drawing --------------------------------------------------------------------------------------


def colours(theme):
    background, text, grid, lines = theme
    rules = [
        f".page{{fill:{background}}}text{{fill:{text}}}.grid{{stroke:{grid}}}.axis{{stroke:{text}}}"
    ]
    for number, colour in enumerate(lines):
        rules.append(f".line{number}{{stroke:{colour}}}.fill{number}{{fill:{colour}}}")
    return "".join(rules)


def document(width, height, title, body):
    style = (
        "text{font:13px system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif}.title{font-size:16px;"
        "font-weight:600}.small{font-size:12px}.strong{font-weight:600}.grid{stroke-width:1}.axis{stroke-width:1}"
        ".curve{fill:none;stroke-width:2;stroke-linejoin:round}.ours{stroke-width:3.5}"
        f"{colours(LIGHT)}@media (prefers-color-scheme:dark){{{colours(DARK)}}}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img">\n<title>{escape(title)}</title>\n<style>{style}</style>\n'
        f'<rect class="page" width="{width}" height="{height}"/>\n{body}\n</svg>\n'
    )


def text(x, y, words, anchor="start", style=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{style}">{escape(words)}</text>'


def line(x1, y1, x2, y2, style):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{style}"/>'


def marker(number, x, y, size=4.5):
    """Shapes as well as colours: circle, square, diamond, triangle, in turn."""
    points = {
        1: ((-1, -1), (1, -1), (1, 1), (-1, 1)),
        2: ((0, -1.4), (1.4, 0), (0, 1.4), (-1.4, 0)),
        3: ((0, -1.3), (1.2, 0.9), (-1.2, 0.9)),
    }.get(number % 4)
    if not points:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size}" class="fill{number}"/>'
    corners = " ".join(f"{x + size * dx:.1f},{y + size * dy:.1f}" for dx, dy in points)
    return f'<polygon points="{corners}" class="fill{number}"/>'


def curve(number, points):
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    ours = " ours" if number == 0 else ""
    return "".join(
        [
            f'<polyline points="{path}" class="curve line{number}{ours}"/>',
            *(marker(number, x, y) for x, y in points),
        ]
    )


def legend(x, y, entries):
    """Lines of a legend: (number, label), from the top."""
    parts = []
    for row, (number, label) in enumerate(entries):
        at = y + 24 * row
        parts += [
            line(x, at, x + 26, at, f"curve line{number}"),
            marker(number, x + 13, at),
            text(x + 34, at + 4.5, label, style="strong" if number == 0 else ""),
        ]
    return "\n".join(parts)


# --- curves against the length of an item ---------------------------------------------------------


def length_of(case):
    """Nanoseconds, of a grain's name."""
    if case == "empty":
        return EMPTY_AT_NS
    for unit, size in (("ns", 1), ("us", 1e3), ("ms", 1e6)):
        if case.endswith(unit) and case[:-2].replace(".", "").isdigit():
            return float(case[:-2]) * size
    raise ValueError(f"'{case}' is no length of an item")


def readable(case):
    """'10us' as '10 us'; 'empty' as it is."""
    return case if case == "empty" else f"{case[:-2]} {case[-2:]}"


def x_scale(frame, cases):
    low, high = (math.log(length_of(case)) for case in (cases[0], cases[-1]))
    return lambda case: frame.left + frame.width * (math.log(length_of(case)) - low) / (high - low)


def axes(frame, cases, x_of, y_ticks, y_of):
    """`y_ticks`: (value, label)."""
    parts = []
    for value, label in y_ticks:
        y = y_of(value)
        parts += [
            line(frame.left, y, frame.left + frame.width, y, "grid"),
            text(frame.left - 8, y + 4.5, label, "end"),
        ]
    bottom = frame.top + frame.height
    for case in cases:
        x = x_of(case)
        parts += [
            line(x, frame.top, x, bottom, "grid"),
            text(x, bottom + 19, readable(case), "middle", "small"),
        ]
    parts += [
        line(frame.left, bottom, frame.left + frame.width, bottom, "axis"),
        text(
            frame.left + frame.width / 2,
            bottom + 42,
            "length of an item (logarithmic)",
            "middle",
            "small",
        ),
    ]
    return "\n".join(parts)


def against_length(doc, title, subtitle, value_of, y_ticks, scale):
    """A curve for each of LINES; `scale` turns a value into 0 (bottom) to 1, the legend is sorted
    by the middle."""
    frame = Frame(left=62, top=74, width=620, height=316)
    shown = [peer for peer in LINES if peer in doc.labels]
    values = {
        peer: [(case, value_of(peer, case)) for case in doc.cases if value_of(peer, case)]
        for peer in shown
    }
    x_of = x_scale(frame, doc.cases)

    def y_of(value):
        return frame.top + frame.height * (1 - min(1, max(0, scale(value))))

    parts = [
        text(20, 30, title, style="title"),
        text(20, 52, subtitle, style="small"),
        axes(frame, doc.cases, x_of, y_ticks, y_of),
    ]
    for peer in reversed(shown):  # ours on top
        parts.append(
            curve(COLOUR[peer], [(x_of(case), y_of(value)) for case, value in values[peer]])
        )
    middle = doc.cases[len(doc.cases) // 2 - 1]
    order = sorted(shown, key=lambda peer: y_of(dict(values[peer]).get(middle, 0) or 1e-9))
    top = frame.top + (frame.height - 24 * len(order)) / 2 + 12
    parts.append(text(714, top - 24, f"as at {readable(middle)}, from the top", style="small"))
    parts.append(legend(714, top, [(COLOUR[peer], doc.labels[peer]) for peer in order]))
    return document(1010, 450, title, "\n".join(parts))


def efficiency(results):
    doc = documents.document(results, "throughput")
    if not doc:
        return None
    cores = doc.conditions["cores"]
    highest = 110
    ticks = [(value, f"{value} %") for value in range(0, 101, 25)]
    return against_length(
        doc,
        "Efficiency against the length of an item",
        f"(plain loop / {cores:.0f} cores) / wall time; {100 / cores:.0f} % is as fast as the plain loop",
        doc.efficiency,
        ticks,
        lambda value: value / highest,
    )


def cpu(results):
    doc = documents.document(results, "throughput")
    if not doc:
        return None
    values = [1, 2, 5, 10, 20, 50, 100]
    return against_length(
        doc,
        "CPU time against the length of an item",
        "CPU time of all threads together, as a multiple of the plain loop's (logarithmic); less is better",
        lambda peer, case: doc.ratio(peer, case, "cpu_ns"),
        [(value, f"{value} x") for value in values],
        lambda value: math.log(max(value, 0.9) / 0.9) / math.log(values[-1] * 1.2 / 0.9),
    )


# --- short calls ----------------------------------------------------------------------------------


def panel(doc, case, shown, frame):
    """One dot a peer, at its time against the plain loop's, on a logarithmic axis."""
    low, high = math.log(0.2), math.log(90)

    def x_of(ratio):
        return frame.left + frame.width * (min(high, max(low, math.log(ratio))) - low) / (
            high - low
        )

    title = f"{case} item" + ("" if case == "1" else "s")
    parts = [text(frame.left, frame.top - 12, title, style="strong")]
    for tick in (0.5, 1, 2, 4, 8, 16, 32):
        x = x_of(tick)
        parts += [
            line(x, frame.top, x, frame.top + frame.height, "axis" if tick == 1 else "grid"),
            text(x, frame.top + frame.height + 18, f"{tick:g}", "middle", "small"),
        ]
    step = frame.height / len(shown)
    for row, peer in enumerate(shown):
        ratio = doc.ratio(peer, case, "in_a_row_ns")
        if ratio:
            x, y = x_of(ratio), frame.top + step * (row + 0.5)
            number = COLOUR[peer]
            side, anchor = (10, "start") if ratio >= 1 else (-10, "end")
            parts += [
                line(x_of(1), y, x, y, f"curve line{number}"),
                marker(number, x, y, 5.5),
                text(x + side, y + 4.5, f"{ratio:.2f}", anchor, "small"),
            ]
    return "\n".join(parts)


def calls(results):
    doc = documents.document(results, "calls")
    if not doc:
        return None
    shown = [peer for peer in CALLERS if peer in doc.labels]
    counts = [case for case in doc.cases if case != "0"]
    title = f"One call over few items of {doc.conditions['grain_ns'] / 1000:g} us"
    labels, width, height, gap = 226, 240, 40 * len(shown), 14
    parts = [
        text(20, 30, title, style="title"),
        text(
            20,
            52,
            "time against the plain loop's, call after call (logarithmic); left of the line at 1 is "
            "faster",
            style="small",
        ),
    ]
    for row, peer in enumerate(shown):
        parts.append(
            text(
                labels - 12,
                100 + 40 * (row + 0.5) + 4.5,
                doc.labels[peer],
                "end",
                "strong" if peer == "parwork" else "",
            )
        )
    for column, case in enumerate(counts):
        parts.append(
            panel(doc, case, shown, Frame(labels + column * (width + gap), 100, width, height))
        )
    return document(
        labels + len(counts) * (width + gap) + 8, 100 + height + 34, title, "\n".join(parts)
    )


PICTURES = {"efficiency": efficiency, "cpu": cpu, "calls": calls}
