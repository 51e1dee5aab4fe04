"""The tables of what a run may have besides: a journal, a recorder, forms of work, lines.

Each takes the results, as in tables.py.
"""

from documents import document
from table_text import block, conditions, duration, fixed, markdown, significant


def journal(results):
    doc = document(results, "journal")
    if not doc:
        return None
    given = doc.conditions
    grain = f"16 bytes, {duration(given['grain_ns'])}"
    shown = {
        "16 bytes, empty": "16 bytes, empty",
        "16 bytes, grain": grain,
        "1 KiB, empty": "1 KiB, empty",
    }
    header = ["nanoseconds an item"]
    for title in shown.values():
        header += [f"{title}: time", "CPU"]
    header += ["bytes a record of 16", "of 1 KiB"]
    rows = []
    for peer, label in doc.labels.items():
        if peer == "disk":
            continue
        row = [label]
        for case in shown:
            row += [
                significant(doc.median(peer, case)),
                significant(doc.median(peer, case, "cpu_ns")),
            ]
        row += [
            significant(doc.median(peer, case, "file_bytes"))
            for case in ("16 bytes, empty", "1 KiB, empty")
        ]
        rows.append(row)
    text = (
        f"{given['items']:,.0f} integers with results of 16 bytes, {given['large_items']:,.0f} with results of "
        f"1 KiB, opening and closing the file included. To make 4 KiB durable takes this disk "
        f"{duration(doc.median('disk', 'disk', 'sync_ns'))}. {conditions(doc)}"
    )
    return block(text, markdown(header, rows), doc)


def journal_resume(results):
    doc = document(results, "journal-resume")
    if not doc:
        return None
    header = ["million items a second"]
    for case in doc.cases:
        header += [case, "CPU, ns an item"]
    rows = []
    for peer, label in doc.labels.items():
        row = [label]
        for case in doc.cases:
            row += [
                fixed(1000 / doc.median(peer, case), 2),
                significant(doc.median(peer, case, "cpu_ns")),
            ]
        rows.append(row)
    text = (
        f"A run over {doc.conditions['items']:,.0f} empty items that finds them recorded, opening and closing the "
        f"file included. {conditions(doc)}"
    )
    return block(text, markdown(header, rows), doc)


def recorder_cost(doc, peer, case):
    """What recording adds to a run's time, as a share; None where it was not measured."""
    recorded, plain = doc.median(peer.replace("parwork", "parwork-recorded"), case), doc.median(
        peer, case
    )
    return recorded and plain and recorded / plain - 1


def recorder(results):
    doc = document(results, "recorder")
    if not doc:
        return None
    rows = []
    for peer, label in doc.labels.items():
        if not peer.startswith("parwork") or "recorded" in peer:
            continue
        costs = [recorder_cost(doc, peer, case) for case in doc.cases]
        rows.append([label, *("" if cost is None else f"{100 * cost:+.1f} %" for cost in costs)])
    text = f"What it adds to a run's time that the run is recorded. {conditions(doc)}"
    return block(text, markdown(["item", *doc.cases], rows), doc)


# What each form of work does besides, and what it is measured against.
FORMS = {
    "parwork-keyed": "parwork",
    "parwork-keyed-16": "parwork",
    "parwork-limited": "parwork",
    "parwork-async": "parwork",
    "parwork-async-spans": "parwork",
    "parwork-stages": "parwork-one-function",
}


def above(doc, peer, case, metric):
    """How much longer a form of work takes than the one it is measured against, or nothing."""
    ours, theirs = doc.median(peer, case, metric), doc.median(FORMS.get(peer), case, metric)
    return None if ours is None or theirs is None else ours - theirs


def forms(results):
    doc = document(results, "forms")
    if not doc:
        return None
    header = ["nanoseconds an item"]
    for case in doc.cases:
        header += [f"{case}: time", "CPU", "CPU above"]
    rows = []
    for peer, label in doc.labels.items():
        if peer == "plain":
            continue
        row = [label]
        for case in doc.cases:
            row += [significant(doc.median(peer, case, metric)) for metric in ("ns", "cpu_ns")]
            more = above(doc, peer, case, "cpu_ns")
            row.append("" if more is None else f"{more:+.1f}")
        rows.append(row)
    text = (
        f"*CPU above* is against the row that does the same without: plain work, and for stages the "
        f"one function. {conditions(doc)}"
    )
    return block(text, markdown(header, rows), doc)


def lines(results):
    doc = document(results, "lines")
    if not doc:
        return None
    header = ["nanoseconds a line"]
    for case in doc.cases:
        header += [f"{case}: time", "CPU"]
    rows = [
        [
            label,
            *(
                significant(doc.median(peer, case, metric))
                for case in doc.cases
                for metric in ("ns", "cpu_ns")
            ),
        ]
        for peer, label in doc.labels.items()
    ]
    text = (
        f"{doc.conditions['items']:,.0f} lines of a stream in memory, whose bytes are added up. "
        f"{conditions(doc)}"
    )
    return block(text, markdown(header, rows), doc)
