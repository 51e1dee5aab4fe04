"""The tables of a benchmark's results, as Markdown.

`results` is what bench/run writes: {"machine", "versions", "date", "pace", "command", "tables":
{name: document}}; a document is what a program prints (support/results.hpp). Each block takes the
results and returns its text, or None where they hold nothing for it.
"""


class Document:
    """The figures of one program's run, by peer, case and metric."""

    def __init__(self, document):
        self.conditions = document["conditions"]
        self.notes = document["notes"]
        self.labels, self.cases, self._figures = {}, [], {}
        for figure in document["figures"]:
            self.labels.setdefault(figure["peer"], figure["label"])
            if figure["case"] not in self.cases:
                self.cases.append(figure["case"])
            self._figures[figure["peer"], figure["case"], figure["metric"]] = figure

    def figure(self, peer, case, metric):
        return self._figures.get((peer, case, metric))

    def median(self, peer, case, metric="ns"):
        """The median, or None where it was not measured."""
        figure = self.figure(peer, case, metric)
        return figure and figure["median"]

    def metrics(self):
        return list(dict.fromkeys(metric for _, _, metric in self._figures))

    def efficiency(self, peer, case, own_loop=False):
        """In per cent, against the plain loop in C++ or the peer's own."""
        plain = self.median(peer, case, "own_plain_ns") if own_loop else self.median("plain", case)
        ns = self.median(peer, case)
        return plain and ns and 100 * plain / self.conditions["cores"] / ns

    def ratio(self, peer, case, metric="ns"):
        """Of the peer's median to the plain loop's."""
        plain, value = self.median("plain", case, metric), self.median(peer, case, metric)
        return plain and value and value / plain


def document(results, name):
    found = results["tables"].get(name)
    return found and Document(found)


# --- text -----------------------------------------------------------------------------------------


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


# --- the blocks -----------------------------------------------------------------------------------


def machine(results):
    about = results["machine"]
    lines = [
        f"{about['cpu']}, {about['cpus']} CPUs, {about['system']}, Linux {about['kernel']}",
        f"{results['date']}, `{results['command']}`",
    ]
    lines += [f"{name} {version}" for name, version in results["versions"].items()]
    return "".join(f"- {line}\n" for line in lines)


def noise(results):
    """How far to trust the figures: what others did meanwhile, and how the plain loop's time
    varied."""
    rows = []
    for name, found in results["tables"].items():
        given = found["conditions"]
        noisy = f"{given['noisy_blocks']:.0f} of {given['blocks']:.0f}" if "blocks" in given else ""
        rows.append(
            [
                name,
                fixed(given["elapsed_s"]),
                fixed(given.get("others_percent"), 1),
                fixed(given.get("steal_percent"), 1),
                noisy,
                fixed(given.get("waited_s"), 1),
                fixed(given.get("blocks_begun_noisy")),
            ]
        )
    text = (
        "Other processes' share of all cores while a table was measured (its own neighbours aside), and what the "
        "hypervisor took away. A block of a measurement is noisy where others used more than 0.15 cores during "
        "it; the next one then waits until they do not, or begins in noise when patience is at its end."
    )
    header = [
        "table",
        "seconds",
        "others, %",
        "stolen, %",
        "noisy blocks",
        "waited, s",
        "begun in noise",
    ]
    table = markdown(header, rows)
    return f"{text}\n\n{table}{plain_spread(results) or ''}"


def plain_spread(results):
    doc = document(results, "throughput")
    if not doc:
        return None

    def spread(key):
        figures = [doc.figure("plain", case, "ns") for case in doc.cases]
        if key == "deviation":
            return [fixed(100 * figure["deviation"] / figure["median"], 1) for figure in figures]
        return [fixed(100 * (figure["most"] / figure["median"] - 1), 1) for figure in figures]

    table = markdown(
        ["plain loop, % of its median", *doc.cases],
        [["median deviation of a round", *spread("deviation")], ["worst round", *spread("most")]],
    )
    return f"\nHow the plain loop's own time varied from round to round:\n\n{table}"


def efficiency(results):
    doc = document(results, "throughput")
    if not doc:
        return None
    rows = []
    for peer, label in doc.labels.items():
        rows.append([label, *(fixed(doc.efficiency(peer, case)) for case in doc.cases)])
        if doc.figure(peer, doc.cases[0], "own_plain_ns"):
            rows.append(
                [
                    f"{label}, against its own plain loop",
                    *(fixed(doc.efficiency(peer, case, own_loop=True)) for case in doc.cases),
                ]
            )
    text = (
        f"Efficiency in per cent: (plain loop / {doc.conditions['cores']:.0f} cores) / wall time; "
        f"{100 / doc.conditions['cores']:.0f} is as fast as the plain loop. {conditions(doc)}"
    )
    return block(text, markdown(["item", *doc.cases], rows), doc)


def efficiency_in_short(results):
    """The first rows to look at, for the front page."""
    doc = document(results, "throughput")
    if not doc:
        return None
    shown = (
        "plain",
        "parwork",
        "parwork-input",
        "parwork-split",
        "tbb-batched",
        "tbb",
        "rust",
        "openmp",
        "moodycamel",
        "futures",
        "go",
    )
    rows = [
        [doc.labels[peer], *(fixed(doc.efficiency(peer, case)) for case in doc.cases)]
        for peer in shown
        if peer in doc.labels
    ]
    return markdown(["item", *doc.cases], rows)


def per_item(results, metric, text):
    doc = document(results, "throughput")
    if not doc:
        return None
    rows = [
        [label, *(significant(doc.median(peer, case, metric)) for case in doc.cases)]
        for peer, label in doc.labels.items()
    ]
    return f"{text}\n\n{markdown(['item', *doc.cases], rows)}"


def nanoseconds(results):
    return per_item(results, "ns", "Wall time, nanoseconds an item.")


def cpu(results):
    return per_item(
        results,
        "cpu_ns",
        "CPU time of all threads together, the kernel's part included, nanoseconds an "
        "item. Spinning costs, sleeping does not.",
    )


def beside_plain(results, name, text):
    """A table of wall and CPU time against the plain loop's, for the small selections of peers."""
    doc = document(results, name)
    if not doc:
        return None
    header = ["against the plain loop"]
    for case in doc.cases:
        header += [f"{case}: time", "CPU"]
    rows = []
    for peer, label in doc.labels.items():
        row = [label]
        for case in doc.cases:
            row += [fixed(doc.ratio(peer, case), 2), fixed(doc.ratio(peer, case, "cpu_ns"), 2)]
        rows.append(row)
    return block(f"{text} {conditions(doc)}", markdown(header, rows), doc)


def skewed(results):
    return beside_plain(
        results,
        "skewed",
        "One item in 100, at random, takes 100 us instead of 1 us: those behind it "
        "have to wait where order is asked for.",
    )


def neighbour(results):
    return beside_plain(
        results,
        "neighbour",
        "A process beside the measurement keeps one core busy; the plain loop is "
        "measured beside it too.",
    )


def workers(results):
    names = [name for name in results["tables"] if name.startswith("workers-")]
    if not names:
        return None
    docs = [document(results, name) for name in names]
    header = ["nanoseconds an item"]
    header += [
        f"{case}, {doc.conditions['workers']:.0f} workers" for case in docs[0].cases for doc in docs
    ]
    rows = [
        [label, *(significant(doc.median(peer, case)) for case in docs[0].cases for doc in docs)]
        for peer, label in docs[0].labels.items()
    ]
    text = f"More workers than the {results['machine']['cpus']} cores, completion order."
    return block(text, markdown(header, rows), docs[0])


def latency(results):
    doc = document(results, "latency")
    if not doc:
        return None
    case = doc.cases[0]
    rows = [
        [
            label,
            duration(doc.median(peer, case, "p50_ns")),
            duration(doc.median(peer, case, "p99_ns")),
            fixed(doc.median(peer, case, "cpu_percent"), 1),
        ]
        for peer, label in doc.labels.items()
    ]
    text = (
        f"One item every {doc.conditions['period_us']:.0f} us: the time from the generator's return to the "
        f"collector's call, and the CPU time of the whole process; {doc.conditions['items']:.0f} items. "
        f"{conditions(doc)}"
    )
    return block(text, markdown(["", "p50", "p99", "CPU, % of a core"], rows), doc)


def calls_table(doc, metric, title):
    header, rows = [title], []
    for case in doc.cases:
        header += [f"{case} item{'' if case == '1' else 's'}", "ratio"]
    for peer, label in doc.labels.items():
        row = [label]
        for case in doc.cases:
            row += [
                duration(doc.median(peer, case, metric)),
                fixed(doc.ratio(peer, case, metric), 2),
            ]
        rows.append(row)
    return markdown(header, rows)


def calls(results):
    doc = document(results, "calls")
    if not doc:
        return None
    text = (
        f"One call over few items of {doc.conditions['grain_ns']:.0f} ns; ratios are to the plain loop. "
        f"{conditions(doc)}"
    )
    pause = f"after a pause of {doc.conditions['pause_us']:.0f} us"
    both = (
        calls_table(doc, "in_a_row_ns", "call after call")
        + "\n"
        + calls_table(doc, "after_a_pause_ns", pause)
    )
    return block(text, both, doc)


def memory(results):
    doc = document(results, "memory")
    if not doc:
        return None
    rows = [
        [label, *(fixed(doc.median(peer, case, "mib"), 1) for case in doc.cases)]
        for peer, label in doc.labels.items()
    ]
    text = (
        f"Peak resident memory, MiB; items own {doc.conditions['bytes']:.0f} bytes on the heap each. "
        f"{conditions(doc)}"
    )
    return block(text, markdown(["", *(f"{int(case):,} items" for case in doc.cases)], rows), doc)


def spawn(results):
    doc = document(results, "spawn")
    if not doc:
        return None
    given = doc.conditions
    rows = [
        [
            label,
            fixed(doc.median(peer, "every call", "ns"), 1),
            fixed(doc.median(peer, "every call", "cpu_ns"), 1),
            fixed(doc.median(peer, "cutoff", "run_ms"), 2),
            fixed(doc.ratio(peer, "cutoff", "run_ms"), 2),
        ]
        for peer, label in doc.labels.items()
    ]
    text = (
        f"fib({given['n']:.0f}) with an item for every call ({given['items_every_call']:,.0f} items), and with "
        f"plain recursion from {given['cutoff']:.0f} down ({given['items_cutoff']:,.0f} items). {conditions(doc)}"
    )
    header = [
        "",
        "every call: ns an item",
        "CPU ns an item",
        "with cutoff: ms",
        "against recursion",
    ]
    return block(text, markdown(header, rows), doc)


def md5(results):
    doc = document(results, "md5")
    if not doc:
        return None
    case = doc.cases[0]
    ours = doc.median("parwork", case)
    rows = [
        [
            label,
            significant(doc.median(peer, case)),
            fixed(ours and doc.median(peer, case) / ours, 2),
        ]
        for peer, label in doc.labels.items()
    ]
    text = f"MD5 of all strings of {case}. {conditions(doc)}"
    return block(text, markdown(["", "nanoseconds each", "times parwork's"], rows), doc)


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


def tool(results):
    doc = document(results, "tool")
    if not doc:
        return None
    given = doc.conditions
    theirs = doc.median("xargs", "tiny", "jobs_per_s")
    header = [
        "",
        "jobs a second",
        "against xargs",
        "start-up, ms",
        "memory, MiB",
        f"{given['crowd']:.0f} sleeps of {given['sleep_s']:.0f} s at once, s",
    ]
    rows = []
    for peer, label in doc.labels.items():
        rate = doc.median(peer, "tiny", "jobs_per_s")
        rows.append(
            [
                label,
                significant(rate),
                fixed(theirs and rate / theirs, 2),
                "" if peer == "limit" else fixed(doc.median(peer, "one", "ms"), 1),
                fixed(doc.median(peer, "tiny", "mib"), 1),
                fixed(doc.median(peer, "crowd", "s"), 2),
            ]
        )
    text = (
        f"{given['jobs']:,.0f} times /bin/true, two at once, on {given['cores']:.0f} cores; medians of "
        f"{given['rounds']:.0f} interleaved rounds. Start-up is a run of one job. At most {given['files']:,.0f} open "
        f"files."
    )
    return block(text, markdown(header, rows), doc)


BLOCKS = {
    "machine": ("Machine", machine),
    "noise": ("Noise", noise),
    "efficiency": ("Throughput", efficiency),
    "nanoseconds": ("Time an item", nanoseconds),
    "cpu": ("CPU time an item", cpu),
    "skewed": ("Skewed items", skewed),
    "neighbour": ("With a busy neighbour", neighbour),
    "workers": ("More workers than cores", workers),
    "latency": ("Slow generator", latency),
    "calls": ("One call", calls),
    "memory": ("Memory", memory),
    "spawn": ("Spawned items", spawn),
    "md5": ("MD5 of short strings", md5),
    "journal": ("A journal", journal),
    "journal-resume": ("Resuming from a journal", journal_resume),
    "recorder": ("A recorder", recorder),
    "tool": ("The tool", tool),
}


def plain_document(found):
    """Every metric of one program's document as a table, and the efficiency where there is a plain
    loop."""
    doc = Document(found)
    parts = [", ".join(f"{name} {value:g}" for name, value in doc.conditions.items())]
    for metric in doc.metrics():
        rows = [
            [label, *(significant(doc.median(peer, case, metric)) for case in doc.cases)]
            for peer, label in doc.labels.items()
        ]
        parts.append(markdown([metric, *doc.cases], rows))
    if any(doc.median("plain", case) for case in doc.cases):
        rows = [
            [label, *(fixed(doc.efficiency(peer, case), 1) for case in doc.cases)]
            for peer, label in doc.labels.items()
        ]
        parts.append(markdown(["efficiency, %", *doc.cases], rows))
    return "\n".join(parts)
