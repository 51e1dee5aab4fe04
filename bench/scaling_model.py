"""The course of a run on many cores, simulated: what bench/simulate.py computes with.

What is simulated is docs/design.md, batch by batch: every worker pulls, works and collects by
itself; one at a time is in the generator and one in the collector; who finds the collector taken
leaves its batch and goes on; who finds nothing looks again for a few microseconds and goes to
sleep; one thread at a time is being woken. With split and reduce there is neither gate: a slice is
claimed by one compare-and-swap. A cache line that another core wrote last takes time to come, and
those who want to write one line wait for each other.

What the parts of a run cost comes from bench_constants: from runs with one worker, in which nobody
waits. Everything that more workers add is simulated; nothing is fitted to runs with several. Only
the distance between cores that the machine at hand lacks is taken from elsewhere, see DISTANT.
"""

import heapq
from collections import namedtuple

# One way between two cores of a dual AMD EPYC 7R13 (Milan), medians in ns: in another group of 8
# cores on the same socket, and on the other socket. Source:
# https://github.com/nviennot/core-to-core-latency (its README). Within a group bench_constants' own
# figure is used (23 ns there).
DISTANT = {"group": 8, "socket": 64, "other_group_ns": 107.0, "other_socket_ns": 197.0}

# Of src/engine/intake.cpp, src/engine/run.cpp and src/engine/worker.hpp.
LARGEST_BATCH = 256
LARGEST_SLICE = 65_536
BATCH_NS = 30_000
PULL_LIMIT_NS = 25_000
LOOKING_NS = 3_000
LONG_ITEM_NS = 10_000
WORTH_WAKING_NS = 20_000

# Between two looks at the gate of who has nothing to do.
LOOK_EVERY_NS = 200

# A result that another worker collects: an item of 48 bytes and an outcome of 24, in cache lines.
LINES_PER_ITEM = 72 / 64

Cost = namedtuple("Cost", "item_ns batch_ns")

# What the engine does, and what it might do instead: queue / (share * workers) items in a batch at
# most; whether the generator's gate is held while another thread is woken; whether a batch is sized
# by all of a worker's turn, the wait for lines included, or by the work alone.
Variant = namedtuple("Variant", "share wakes sized_by")


class Model:
    """Everything a run is made of: costs in ns, the machine's distances, the options."""

    def __init__(self, constants, form, workers, grain_ns, variant, queue=None):
        parts = constants[form]
        self.pull, self.work, self.collect, self.rest = (
            Cost(parts[name]["item_ns"], parts[name]["batch_ns"])
            for name in ("pull", "work", "collect", "rest")
        )
        self.split = form == "parwork-split"
        self.workers = workers
        self.grain_ns = grain_ns
        self.queue = queue or 100 * workers
        self.share = max(1, self.queue // (variant.share * workers))
        self.variant = variant
        self.constants = constants

    def item_ns(self):
        """Everything one worker does for an item, its part of a batch's cost aside."""
        return (
            self.pull.item_ns
            + self.work.item_ns
            + self.grain_ns
            + self.collect.item_ns
            + self.rest.item_ns
        )

    def batch_limit(self):
        """The number of items that batches come to where nobody waits."""
        wanted = BATCH_NS / (self.item_ns() or 1)
        most = LARGEST_SLICE if self.split else min(LARGEST_BATCH, self.share)
        return max(1, int(min(most, wanted)))

    def warm_up_ns(self):
        """Until all workers are awake, each woken by the one before, and their batches have
        grown."""
        return self.workers * self.constants["wake_latency_ns"] + 10 * self.turn_ns()

    def window_ns(self):
        """At least 20 batches of each worker, and 2,000 in all."""
        return max(20, 2_000 // self.workers) * self.turn_ns()

    def turn_ns(self):
        return max(BATCH_NS, self.item_ns())

    def distance_ns(self, one, other):
        """From the core of one worker to that of another. Workers fill one group, then the next."""
        if one == other:
            return 0.0
        if one // DISTANT["group"] == other // DISTANT["group"]:
            return self.constants["line_ns"]
        if one // DISTANT["socket"] == other // DISTANT["socket"]:
            return max(DISTANT["other_group_ns"], self.constants["line_ns"])
        return max(DISTANT["other_socket_ns"], self.constants["line_ns"])

    def moving_ns(self, source, target, items):
        """For what `source` has written of some items to come to `target`: one after the other, so
        they overlap."""
        distance = self.distance_ns(source, target)
        each = self.constants["streamed_line_ns"] * distance / self.constants["line_ns"]
        return distance + items * LINES_PER_ITEM * each


class Line:
    """A cache line. Writers have it one after the other; who reads it keeps it until somebody
    writes."""

    def __init__(self):
        self.writer = 0
        self.readers = set()
        self.free_at = 0.0


class Run:
    """One run, simulated. Workers are generators that yield until when they are busy."""

    def __init__(self, model):
        self.model = model
        self.now = 0.0
        self.events = []
        self.steps = 0
        self.feed = (
            Line()
        )  # pull gate, produced; of a split range also how many slices are worked on
        self.deliver = Line()  # collect gate, what was left at it, delivered
        self.pull_gate = False
        self.collect_gate = False
        self.pending = []
        self.produced = 0
        self.delivered = 0
        self.sleeping = []
        self.searcher = None  # the worker that was woken and has found nothing yet
        self.busy_ns = [0.0] * model.workers  # with items
        self.shared_ns = [0.0] * model.workers  # the same when it last woke somebody
        self.turned = [
            0.0
        ] * model.workers  # when the batch's turn began, with the gate or the first claim
        self.started = [0.0] * model.workers  # when the work on it began
        self.gate_ns = {"pull": 0.0, "collect": 0.0}
        self.course = [self.worker(me) for me in range(model.workers)]

    # --- time ---

    def execute(self):
        """Runs until the time is over; returns ns an item and the share of the time that each gate
        was taken."""
        for me in range(self.model.workers):
            self.wake_at(me * self.model.constants["wake_latency_ns"], me)
        began, before, gates = self.run_until(self.model.warm_up_ns())
        ended, after, gates_after = self.run_until(self.now + self.model.window_ns())
        span = ended - began
        return span / (after - before), {
            gate: (gates_after[gate] - gates[gate]) / span for gate in gates
        }

    def run_until(self, when):
        while self.now < when:
            if not self.events:
                raise AssertionError("everybody sleeps: the simulation lost a wake-up")
            self.now, _, me = heapq.heappop(self.events)
            until = next(self.course[me])
            if until is None:
                self.sleeping.append(me)
            else:
                self.wake_at(until, me)
        return self.now, self.delivered, dict(self.gate_ns)

    def wake_at(self, when, me):
        self.steps += 1
        heapq.heappush(self.events, (when, self.steps, me))

    def write(self, line, me):
        """Until when `me` has the line and has written it. The write itself is in the batch's
        cost."""
        others = line.readers - {me}
        far = (
            line.writer if line.writer != me or not others else next(iter(others))
        )  # those lose it first
        line.free_at = max(self.now, line.free_at) + self.model.distance_ns(far, me)
        line.writer = me
        line.readers = {me}
        return line.free_at

    def read(self, line, me):
        if me in line.readers:
            return self.now
        line.readers.add(me)
        return max(self.now, line.free_at) + self.model.distance_ns(line.writer, me)

    # --- a worker ---

    def worker(self, me):
        target = 1
        looked_since = None
        while True:
            yield self.read(self.deliver, me)
            if self.pending and not self.collect_gate:
                yield from self.collect(me, None)
            items = yield from (
                self.claim(me, target) if self.model.split else self.pull(me, target)
            )
            if items:
                ended = yield from self.work(me, items)
                sized_from = self.turned if self.model.variant.sized_by == "turn" else self.started
                target = self.adapt(target, items, ended - sized_from[me])
                looked_since = None
                continue
            looked_since = self.now if looked_since is None else looked_since
            if self.now - looked_since < LOOKING_NS:
                yield self.now + LOOK_EVERY_NS
                continue
            looked_since = None
            yield from self.sleep(me)

    def sleep(self, me):
        """Says so, passes the barrier, looks once more."""
        if self.searcher == me:
            self.searcher = None
        yield self.now + self.model.constants["membarrier_busy_ns"]
        if not self.something_to_do():
            yield None

    def something_to_do(self):
        return (self.room() > 0 and not self.pull_gate) or (
            bool(self.pending) and not self.collect_gate
        )

    def notify(self):
        """Wakes one thread, if one sleeps and none is on the way. Until when the waker is busy with
        it."""
        if not self.sleeping or self.searcher is not None:
            return self.now
        self.searcher = self.sleeping.pop()
        self.wake_at(self.now + self.model.constants["wake_latency_ns"], self.searcher)
        return self.now + self.model.constants["wake_ns"]

    def notify_in_time(self, me):
        """The same, where an item is long or short ones have added up since the last time."""
        if (
            self.model.grain_ns < LONG_ITEM_NS
            and self.busy_ns[me] - self.shared_ns[me] < WORTH_WAKING_NS
        ):
            return self.now
        self.shared_ns[me] = self.busy_ns[me]
        return self.notify()

    def found(self, me):
        if self.searcher != me:
            return self.now
        self.searcher = None
        return self.notify() if self.something_to_do() else self.now

    # --- generator ---

    def room(self):
        return self.model.queue - (self.produced - self.delivered)

    def batch(self, target):
        by_time = int(PULL_LIMIT_NS / max(self.model.pull.item_ns, 0.1)) + 1
        return min(target, self.model.share, self.room(), by_time)

    def pull(self, me, target):
        yield self.read(self.feed, me)
        if self.pull_gate or self.batch(target) <= 0:
            return 0
        yield self.write(self.feed, me)
        if self.pull_gate:
            return 0
        self.pull_gate = True
        self.turned[me] = began = self.now
        yield self.found(me)
        yield self.read(self.deliver, me)
        items = self.batch(target)
        if items > 0:
            if self.model.variant.wakes == "inside":
                yield self.notify_in_time(me)  # the next call of the generator may block
            yield self.now + self.model.pull.batch_ns + items * self.model.pull.item_ns
        yield self.write(self.feed, me)
        self.produced += items
        self.pull_gate = False
        self.gate_ns["pull"] += self.now - began
        if self.something_to_do():
            yield self.notify_in_time(me)
        return items

    def claim(self, me, items):
        """Compare and swap: where another has claimed since the position was read it fails, with a
        newer position."""
        self.turned[me] = self.now
        yield self.read(self.feed, me)
        position = self.produced
        while True:
            until = self.write(self.feed, me)
            has_won = position == self.produced
            position = self.produced
            self.produced += items if has_won else 0
            yield until
            if has_won:
                break
        yield self.found(me)
        yield self.write(self.feed, me)  # one more slice is worked on
        yield self.now + self.model.pull.batch_ns + items * self.model.pull.item_ns
        return items

    # --- work and collector ---

    def work(self, me, items):
        """Returns when the items themselves were done: batches are sized by that."""
        model = self.model
        self.started[me] = self.now
        yield self.now + (
            model.work.batch_ns
            + model.rest.batch_ns
            + items * (model.work.item_ns + model.rest.item_ns + model.grain_ns)
        )
        ended = self.now
        self.busy_ns[me] += ended - self.started[me]
        if model.split:
            yield self.write(self.feed, me)  # one slice less is worked on
            yield self.now + model.collect.batch_ns + items * model.collect.item_ns
            yield self.write(self.deliver, me)
            self.delivered += items
        else:
            yield from self.collect(me, items)
        return ended

    def collect(self, me, own):
        """Combining: whoever has the gate delivers what others leave, and lets go when nothing has
        been left."""
        began = self.now
        yield self.write(self.deliver, me)
        if self.collect_gate:
            if own:
                self.pending.append((me, own))
            return
        self.collect_gate = True
        taken = self.now
        left, self.pending = self.pending, []
        left += [(me, own)] if own else []
        while left:
            for source, items in left:
                if source != me:
                    yield self.now + self.model.moving_ns(source, me, items)
                yield self.now + self.model.collect.batch_ns + items * self.model.collect.item_ns
                yield self.write(self.deliver, me)
                self.delivered += items
                if self.something_to_do():
                    yield self.notify_in_time(me)
            yield self.write(self.deliver, me)
            left, self.pending = self.pending, []
        self.collect_gate = False
        self.gate_ns["collect"] += self.now - taken
        self.busy_ns[me] += self.now - began
        yield self.found(me)

    def adapt(self, target, items, taken_ns):
        each = max(1.0, taken_ns / items)
        most = LARGEST_SLICE if self.model.split else LARGEST_BATCH
        return int(max(1, min(BATCH_NS / each, 2 * target, most)))


Result = namedtuple("Result", "ns efficiency")


def simulate(constants, form, workers, grain_ns, variant):
    """Time an item, and the plain loop's time divided by the workers over it."""
    ns, _ = Run(Model(constants, form, workers, grain_ns, variant)).execute()
    return Result(ns, (constants["plain_ns"] + grain_ns) / workers / ns)


# --- Formulae ---


def turn_parts_ns(model):
    """Of one turn of a worker where all of them want the gates: in the generator's gate, in the
    collector's, in all.

    Taking the generator's gate, reading how much room there is and opening the gate each cost a
    line. The collector's gate costs two, and what another worker has written comes on top.
    """
    items = model.batch_limit()
    line = sum(model.distance_ns(0, other) for other in range(1, model.workers)) / max(
        1, model.workers - 1
    )
    streamed = model.constants["streamed_line_ns"] * line / model.constants["line_ns"]
    pull = model.pull.batch_ns + items * model.pull.item_ns + 3 * line
    collect = (
        model.collect.batch_ns
        + items * (model.collect.item_ns + LINES_PER_ITEM * streamed)
        + 3 * line
    )
    work = items * (model.work.item_ns + model.rest.item_ns + model.grain_ns)
    return pull, collect, pull + collect + work + model.work.batch_ns + model.rest.batch_ns


def least_grain_ns(constants, workers, variant):
    """The work from which on neither gate is what limits a run: while one worker is in it the
    others have their own to do, workers * gate <= turn."""
    low, high = 0.0, 1e7
    for _ in range(60):
        grain_ns = (low + high) / 2
        pull, collect, turn = turn_parts_ns(Model(constants, "parwork", workers, grain_ns, variant))
        if workers * max(pull, collect) > turn:
            low = grain_ns
        else:
            high = grain_ns
    return high


def gate_limits(constants, workers, grain_ns, variant):
    """The workers that each gate can keep busy, at the mean distance between the cores of so
    many."""
    pull, collect, turn = turn_parts_ns(Model(constants, "parwork", workers, grain_ns, variant))
    return turn / pull, turn / collect
