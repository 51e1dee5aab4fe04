"""Figures as text, and tables of them as Markdown."""


def markdown(header, rows):
    """A table that is readable in a terminal too: the first column to the left, the others to the
    right."""
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [
        max(3, *(len(row[column]) for row in [header, *rows])) for column in range(len(header))
    ]

    def line(cells):
        parts = [
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(cells, widths))
        ]
        return "| " + " | ".join(parts) + " |\n"

    rule = (
        "|"
        + "|".join(
            f" {'-' * width} " if column == 0 else f" {'-' * width}:"
            for column, width in enumerate(widths)
        )
        + "|\n"
    )
    return line(header) + rule + "".join(line(row) for row in rows)


def fixed(value, digits=0):
    return "" if value is None else f"{value:.{digits}f}"


def significant(value):
    """Three digits, or all of them in front of the point."""
    if value is None:
        return ""
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f}"


def duration(ns):
    """In the unit that suits it."""
    if ns is None:
        return ""
    for size, unit in ((1e9, "s"), (1e6, "ms"), (1e3, "us")):
        if ns >= size:
            return f"{significant(ns / size)} {unit}"
    return f"{significant(ns)} ns"


def conditions(doc):
    """The sentence above a table."""
    given = doc.conditions
    parts = [
        f"{given['workers']:.0f} workers on {given['cores']:.0f} cores",
        f"queue {given['queue']:.0f}",
    ]
    if "rounds" in given:
        parts.append(f"medians of {given['rounds']:.0f} interleaved rounds")
    if given.get("neighbours"):
        parts.append(f"{given['neighbours']:.0f} busy process beside it")
    return ", ".join(parts) + "."


def block(text, table, doc):
    notes = "".join(f"\n{note}\n" for note in doc.notes)
    return f"{text}\n\n{table}{notes}"
