"""The tables of a benchmark's results, as Markdown.

`results` is what bench/run writes: {"machine", "versions", "date", "pace", "command", "tables":
{name: document}}. Each block takes the results and returns its text, or None where they hold
nothing for it.
"""

import feature_tables
from documents import Document, document
from table_text import block, conditions, duration, fixed, markdown, significant


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
    "journal": ("A journal", feature_tables.journal),
    "journal-resume": ("Resuming from a journal", feature_tables.journal_resume),
    "recorder": ("A recorder", feature_tables.recorder),
    "forms": ("Forms of work", feature_tables.forms),
    "lines": ("Lines", feature_tables.lines),
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
