"""What parwork aims at, each beside what was measured."""

from typing import NamedTuple, Optional

import documents
import table_text
import feature_tables

# Efficiency in per cent, in completion order, from the measurements of a prototype on two cores.
EFFICIENCY = {"empty": 58, "50ns": 86, "100ns": 90, "500ns": 95, "1us": 95, "10us": 96, "100us": 97}
ORDERED_WITHIN = 3  # points of efficiency
SPLIT_WITHIN = 2  # points, of tbb::parallel_for
OVERHEAD_NS = 4  # of an empty item, above the plain loop / cores
P50_NS, P99_NS, CPU_PERCENT = 8_000, 30_000, 5
CALL_NS, CALL_100, CALL_1000 = (
    3_000,
    1.0,
    0.62,
)  # one item; ratios to the plain loop for 100 and 1,000
MD5_TIMES = 6
JOURNAL_NS, RESUMED_PER_S = 3_000, 1e6  # on top of the run without a journal; recorded items
RECORDER_SHARE = 0.05  # of the run's time, at items of 1 us
SPAWN_NS = 20
TOOL_TIMES_XARGS, TOOL_TIMES_GNU, TOOL_START_MS, TOOL_CROWD_S = 1.5, 5, 5, 3
MEMORY_GROWTH_MIB = 1.0  # "flat": the peak of the longest run above that of the shortest


class Goal(NamedTuple):
    what: str
    target: str
    measured: str = "not measured"
    met: Optional[bool] = None


def worst(pairs):
    """The largest value and its name, of (value or None, name); None where no value is there."""
    return max(((value, name) for value, name in pairs if value is not None), default=None)


def efficiency_goals(doc):
    for case, target in EFFICIENCY.items():
        value = doc.efficiency("parwork", case)
        what = f"efficiency, completion order, {case}"
        yield Goal(what, f"{target} %", *(value and (f"{value:.1f} %", value >= target) or ()))


def points_behind(doc, what, peer, ahead, limit):
    """A goal on how many points of efficiency `peer` may be behind `ahead` at any grain."""
    found = worst(
        (doc.efficiency(ahead, case) - doc.efficiency(peer, case), case)
        for case in doc.cases
        if doc.efficiency(ahead, case) and doc.efficiency(peer, case)
    )
    target = f"at most {limit} points"
    if not found:
        return Goal(what, target)
    return Goal(what, target, f"{found[0]:.1f} points at worst ({found[1]})", found[0] <= limit)


def empty_goals(doc):
    ratio = doc.ratio("parwork", "empty")
    ordered = doc.ratio("parwork-input", "empty")
    if not ratio:
        return
    slower = max(ratio, ordered or 0)
    yield Goal(
        "empty items, against the plain loop",
        "at most 1.00",
        f"{ratio:.2f}, input order {ordered:.2f}" if ordered else f"{ratio:.2f}",
        slower <= 1,
    )
    above = doc.median("parwork", "empty") - doc.median("plain", "empty") / doc.conditions["cores"]
    yield Goal(
        "empty items, time above the ideal",
        f"at most {OVERHEAD_NS} ns",
        f"{above:.1f} ns",
        above <= OVERHEAD_NS,
    )


def throughput_goals(results):
    doc = documents.document(results, "throughput")
    if not doc:
        return
    yield from efficiency_goals(doc)
    yield points_behind(
        doc, "input order, behind completion order", "parwork-input", "parwork", ORDERED_WITHIN
    )
    yield from empty_goals(doc)
    yield points_behind(
        doc, "split with reduce, behind tbb::parallel_for", "parwork-split", "tbb-for", SPLIT_WITHIN
    )


def latency_goals(results):
    doc = documents.document(results, "latency")
    if not doc:
        return
    case = doc.cases[0]
    for metric, target in (("p50_ns", P50_NS), ("p99_ns", P99_NS)):
        value = doc.median("parwork", case, metric)
        yield Goal(
            f"slow generator, latency {metric[:3]}",
            f"under {table_text.duration(target)}",
            table_text.duration(value),
            value < target,
        )
    value = doc.median("parwork", case, "cpu_percent")
    yield Goal(
        "slow generator, CPU",
        f"under {CPU_PERCENT} % of a core",
        f"{value:.1f} %",
        value < CPU_PERCENT,
    )


def call_goals(results):
    doc = documents.document(results, "calls")
    if not doc:
        return
    one = doc.median("parwork", "1", "in_a_row_ns")
    hundred, thousand = (doc.ratio("parwork", count, "in_a_row_ns") for count in ("100", "1000"))
    yield Goal(
        "a call of 1 item of 1 us",
        f"under {table_text.duration(CALL_NS)}",
        table_text.duration(one),
        one < CALL_NS,
    )
    yield Goal(
        "a call of 100, against the plain loop",
        f"at most {CALL_100:.2f}",
        f"{hundred:.2f}",
        hundred <= CALL_100,
    )
    yield Goal(
        "a call of 1,000, against the plain loop",
        f"under {CALL_1000:.2f}",
        f"{thousand:.2f}",
        thousand < CALL_1000,
    )


def neighbour_goals(results):
    doc = documents.document(results, "neighbour")
    if not doc:
        return
    for peer, order in (("parwork", "completion order"), ("parwork-input", "input order")):
        found = worst((doc.ratio(peer, case), case) for case in doc.cases)
        yield Goal(
            f"a busy neighbour, {order}, against the plain loop",
            "under 1.00",
            f"{found[0]:.2f} at worst ({found[1]})",
            found[0] < 1,
        )


def memory_goal(results):
    doc = documents.document(results, "memory")
    if not doc:
        return
    few, many = doc.cases[0], doc.cases[-1]
    growth = worst(
        (doc.median(peer, many, "mib") - doc.median(peer, few, "mib"), label)
        for peer, label in doc.labels.items()
    )
    yield Goal(
        f"resident memory, {int(many):,} items against {int(few):,}",
        f"flat: at most {MEMORY_GROWTH_MIB:.0f} MiB more",
        f"{growth[0]:.1f} MiB more at worst ({growth[1]})",
        growth[0] <= MEMORY_GROWTH_MIB,
    )


def md5_goal(results):
    doc = documents.document(results, "md5")
    if not doc:
        return
    ours, theirs = (doc.median(peer, doc.cases[0]) for peer in ("parwork", "go-example"))
    measured = (f"{theirs / ours:.1f} times", theirs / ours >= MD5_TIMES) if ours and theirs else ()
    yield Goal(
        "MD5 of short strings, rate against the Go example's",
        f"at least {MD5_TIMES} times",
        *measured,
    )


def journal_goal(results):
    doc = documents.document(results, "journal")
    if not doc:
        return
    cases = [case for case in doc.cases if doc.median("none", case) and case.startswith("16 bytes")]
    found = worst(
        (doc.median(peer, case) - doc.median("none", case), f"durability::{peer}, {case}")
        for case in cases
        for peer in ("process", "full")
    )
    yield Goal(
        "a journalled item with 16 bytes, on top",
        f"under {table_text.duration(JOURNAL_NS)}",
        f"{table_text.duration(found[0])} at worst ({found[1]})",
        found[0] < JOURNAL_NS,
    )


def resume_goal(results):
    doc = documents.document(results, "journal-resume")
    if not doc:
        return
    ns, label = worst((doc.median(peer, "unchanged"), label) for peer, label in doc.labels.items())
    yield Goal(
        "resuming, recorded items a second",
        f"at least {RESUMED_PER_S / 1e6:.0f} million",
        f"{1e3 / ns:.2f} million at worst ({label})",
        1e9 / ns >= RESUMED_PER_S,
    )


def recorder_goal(results):
    doc = documents.document(results, "recorder")
    if not doc:
        return
    found = worst(
        (feature_tables.recorder_cost(doc, peer, "1us"), label)
        for peer, label in doc.labels.items()
        if peer in ("parwork", "parwork-input")
    )
    measured = (
        (f"{100 * found[0]:+.1f} % at worst ({found[1]})", found[0] < RECORDER_SHARE)
        if found
        else ()
    )
    yield Goal(
        "recording a run of 1 us items", f"under {100 * RECORDER_SHARE:.0f} % more time", *measured
    )


def tool_goals(results):
    doc = documents.document(results, "tool")
    if not doc:
        return

    def beside(peer, least):
        ours, theirs = (doc.median(each, "tiny", "jobs_per_s") for each in ("parwork", peer))
        measured = (f"{ours / theirs:.2f} times", ours / theirs >= least) if ours and theirs else ()
        return Goal(
            f"tiny jobs, rate against {doc.labels.get(peer, peer)}",
            f"at least {least} times",
            *measured,
        )

    yield beside("xargs", TOOL_TIMES_XARGS)
    yield beside("gnu", TOOL_TIMES_GNU)
    start = doc.median("parwork", "one", "ms")
    yield Goal(
        "the tool's start-up", f"under {TOOL_START_MS} ms", f"{start:.1f} ms", start < TOOL_START_MS
    )
    crowd = doc.median("parwork", "crowd", "s")
    if doc.conditions["crowd"] == 1000:
        yield Goal(
            "1,000 sleeps of 2 s at once",
            f"under {TOOL_CROWD_S} s",
            f"{crowd:.2f} s",
            crowd < TOOL_CROWD_S,
        )


def goals(results):
    """In the order in which they were set."""
    for part in (
        throughput_goals,
        latency_goals,
        call_goals,
        neighbour_goals,
        memory_goal,
        md5_goal,
        journal_goal,
        resume_goal,
        recorder_goal,
        tool_goals,
    ):
        yield from part(results)


def design_figures(results):
    """What the design expects without making it a goal."""
    doc = documents.document(results, "spawn")
    if doc:
        yield Goal(
            "a spawned item of fib(30)",
            f"about {SPAWN_NS} ns",
            f"{doc.median('parwork', 'every call'):.0f} ns",
        )
    found = [
        documents.document(results, name)
        for name in results["tables"]
        if name.startswith("workers-")
    ]
    for doc in found[1:]:
        cases = [
            (doc.median("parwork", case) / found[0].median("parwork", case), case)
            for case in doc.cases
        ]
        ratio, case = worst(cases)
        workers = [f"{one.conditions['workers']:.0f}" for one in (doc, found[0])]
        yield Goal(
            f"time with {workers[0]} workers against {workers[1]}",
            "about 1.00",
            f"{ratio:.2f} at worst ({case})",
        )


def table(results):
    aims, expected = list(goals(results)), list(design_figures(results))
    if not aims:
        return None
    said = {True: "met", False: "**not met**", None: "-"}
    met = sum(goal.met is True for goal in aims)
    header = ["goal", "target", "measured", "verdict"]
    unknown = sum(goal.met is None for goal in aims)
    text = (
        f"{met} of {len(aims)} goals are met"
        + (f", {unknown} were not measured" if unknown else "")
        + ".\n\n"
    )
    text += table_text.markdown(
        header, [[goal.what, goal.target, goal.measured, said[goal.met]] for goal in aims]
    )
    if expected:
        text += "\n" + table_text.markdown(
            ["expected by the design, no goal", *header[1:3]],
            [[goal.what, goal.target, goal.measured] for goal in expected],
        )
    return text
