#include "report/verdict.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "base/readable.hpp"
#include "parwork/cpus.hpp"
#include "report/analysis.hpp"

namespace parwork::detail {

namespace {

// Shares from which on something is worth a sentence.
constexpr double notable = 0.05;
constexpr double much = 0.2;
// A run whose CPU time is less than this share of its busy time waits for something else.
constexpr double computing = 0.7;
// Attempts under a microsecond cost as much to hand out as to make.
constexpr double short_attempt = 1'000;  // nanoseconds
constexpr double negligible_load = 0.001;

std::string counted(double count, const std::string& noun) {
  const auto whole = static_cast<std::uint64_t>(std::llround(count));
  return readable_count(whole) + ' ' + noun + (whole == 1 ? "" : "s");
}

// "6.8 %" below ten, else whole per cent.
std::string percent(double share) {
  if (share >= 0.0995) return readable_share(share);
  const auto tenths = static_cast<std::uint64_t>(std::llround(share * 1000));
  return std::to_string(tenths / 10) + '.' + std::to_string(tenths % 10) + " %";
}

std::string time(double nanoseconds) {
  return readable_duration(
      std::chrono::nanoseconds(static_cast<std::int64_t>(std::max(0.0, nanoseconds))));
}

std::string times_as_fast(double factor) {
  const auto tenths = static_cast<std::uint64_t>(std::llround(factor * 10));
  if (tenths >= 1000) return std::to_string((tenths + 5) / 10) + " times";
  return std::to_string(tenths / 10) + '.' + std::to_string(tenths % 10) + " times";
}

double ratio(double of, double to) { return to > 0 ? of / to : 0; }

// Everything that the sentences are made of.
struct measured {
  explicit measured(const recording& run);

  const recording& run;
  const run_facts& facts;
  const summary& counts;
  const double wall;
  const double workers;
  double pull = 0, work = 0, collect = 0;  // of all threads, nanoseconds
  double busy = 0;                         // of the workers alone
  double tail = 0;                         // share of the workers' time idle behind their last item
  unsigned took_part = 0;
  double generator_load = 0, collector_load = 0;  // of one thread: these parts are serial
  double under_way = 0, waiting = 0;              // asynchronous items, and backoffs, on average
  duration_counts durations;
  std::optional<slow_attempt> slowest;
  std::optional<double> computed;  // share of the busy time that was CPU time
  double delayed = 0;              // share in which a thread was ready and had no CPU

  [[nodiscard]] double idle_share() const { return std::max(0.0, 1 - ratio(busy, wall * workers)); }
  [[nodiscard]] double mean() const {
    return ratio(static_cast<double>(durations.sum()), static_cast<double>(durations.count()));
  }
  [[nodiscard]] double longest() const { return static_cast<double>(durations.max()); }
  [[nodiscard]] bool has_cpus() const { return delayed < 1 - computing; }
  // For something else than a CPU.
  [[nodiscard]] bool waits() const { return computed && *computed + delayed < computing; }
  [[nodiscard]] double serial_load() const { return std::max(generator_load, collector_load); }
  [[nodiscard]] std::string serial_part() const {
    return generator_load >= collector_load ? "generator" : "collector";
  }
};

// When work of the last batch began: who is idle from then on has nothing left to begin.
std::int64_t begin_of_tail(const std::vector<lane_view>& lanes) {
  std::int64_t begin = 0;
  for (const lane_view& each : lanes) {
    if (each.recorded == nullptr) continue;
    const auto& slices = each.recorded->slices();
    const auto last = std::find_if(slices.rbegin(), slices.rend(),
                                   [](const slice& one) { return one.worked > 0; });
    if (last != slices.rend()) begin = std::max(begin, last->start);
  }
  return begin;
}

// How long a lane was idle at its end and behind `begin`.
double idle_at_end(const lane_view& which, std::int64_t begin) {
  if (which.recorded == nullptr) return 0;
  double idle = 0;
  const auto& slices = which.recorded->slices();
  for (auto each = slices.rbegin(); each != slices.rend() && each->worked == 0; ++each) {
    idle += static_cast<double>(std::min(each->time[static_cast<std::size_t>(part::nothing)],
                                         std::max<std::int64_t>(0, each->end() - begin)));
  }
  return idle;
}

measured::measured(const recording& of)
    : run(of),
      facts(of.facts()),
      counts(of.counts()),
      wall(static_cast<double>(of.length())),
      workers(of.facts().workers),
      durations(of.durations()) {
  const auto lanes = lanes_of(run);
  const std::int64_t tail_begin = begin_of_tail(lanes);
  for (const lane_view& each : lanes) {
    const lane_totals sum = totals_of(each, run.length());
    const auto spent = [&](part which) {
      return static_cast<double>(sum.time[static_cast<std::size_t>(which)]);
    };
    if (each.kind == lane_kind::backoff) continue;
    if (each.kind == lane_kind::slot && !facts.is_manual) continue;
    pull += spent(part::pulling);
    work += spent(part::working);
    collect += spent(part::collecting);
    if (each.kind == lane_kind::generator || each.kind == lane_kind::collector) continue;
    busy += spent(part::pulling) + spent(part::working) + spent(part::collecting);
    if (sum.worked == 0) continue;
    ++took_part;
    tail += ratio(idle_at_end(each, tail_begin), wall * workers);
  }
  waiting = ratio(static_cast<double>(run.waiting().sum()), wall);
  under_way = ratio(static_cast<double>(run.outstanding().sum()), wall);
  if (!facts.is_split) generator_load = ratio(pull, wall);
  if (!facts.folds) collector_load = ratio(collect, wall);
  if (facts.is_manual) generator_load = counts.generator_share;
  if (run.cpu() && busy > 0) {
    computed = std::min(1.0, static_cast<double>(run.cpu()->count()) / busy);
    delayed = std::min(1.0 - *computed, static_cast<double>(run.delayed().count()) / busy);
  }
  auto all = slowest_of(run);
  if (!all.empty()) slowest = std::move(all.front());
}

std::string name_of(const measured& m, const slow_attempt& which) {
  if (!which.item.name.empty()) return "'" + which.item.name + "'";
  return m.facts.item_word + ' ' + std::to_string(which.item.index);
}

// --- What the run was bound by ---

// With a serial part that costs nothing the workers' other time is what is left.
double factor_without(const measured& m, double serial, double other_serial) {
  const double left = std::max({(m.busy - serial) / m.workers, other_serial, m.longest(), 1.0});
  return std::max(1.0, m.wall / left);
}

void add_smaller_share_of_short_items(const measured& m, verdict& v) {
  if (m.facts.is_manual || m.durations.count() == 0 || m.mean() >= 10 * short_attempt) return;
  v.advices.push_back({"Make items larger: parwork::chunks",
                       "An item takes " + time(m.mean()) +
                           " of work on average. A chunk of some hundred is taken from the "
                           "generator and given to the collector by one call each."});
}

verdict bound_by_generator(const measured& m) {
  verdict v{.bound = "generator"};
  v.headline = "Generator-bound: the generator was occupied " + percent(m.generator_load) +
               " of the time, and more workers would not help.";
  const double needed = std::max(1.0, std::ceil((m.busy - m.pull) / m.wall / 0.95));
  v.best_factor = factor_without(m, m.pull, m.collect);
  v.detail = "Work took " + percent(ratio(m.work, m.wall * m.workers)) + " of the workers' time; " +
             counted(std::min(needed, m.workers), "worker") +
             " would keep up with it. With a generator that costs nothing the run could be " +
             times_as_fast(*v.best_factor) + " as fast.";
  if (m.waits()) {
    v.advices.push_back({"Let the generator wait less",
                         "CPU time is " + percent(*m.computed) +
                             " of the busy time: the generator waits for a disk, a network or "
                             "another program. Larger reads, reading ahead, or several sources at "
                             "once help; more CPUs do not."});
  }
  v.advices.push_back({"Split the range: parwork::split",
                       "Where the items lie in an array or can be computed from their position, "
                       "workers claim slices of them, and no generator is left."});
  add_smaller_share_of_short_items(m, v);
  v.advices.push_back({"Move some of the generator into work",
                       "Let it yield what is cheap (a name, a position) and let work do the rest "
                       "(opening, reading, parsing)."});
  return v;
}

verdict bound_by_collector(const measured& m) {
  verdict v{.bound = "collector"};
  v.headline = "Collector-bound: the collector was occupied " + percent(m.collector_load) +
               " of the time, and more workers would not help.";
  v.best_factor = factor_without(m, m.collect, m.pull);
  v.detail = "Work took " + percent(ratio(m.work, m.wall * m.workers)) +
             " of the workers' time. With a collector that costs nothing the run could be " +
             times_as_fast(*v.best_factor) + " as fast.";
  v.advices.push_back({"Use parwork::reduce instead of a serial collector",
                       "Where results are summed, counted or gathered, each worker folds its own, "
                       "and nothing is serial."});
  v.advices.push_back({"Move some of the collector into work",
                       "Formatting, compressing and encoding can be done by all workers; only what "
                       "has to happen one at a time belongs into the collector."});
  if (m.waits()) {
    v.advices.push_back({"Let the collector wait less",
                         "CPU time is " + percent(*m.computed) +
                             " of the busy time: it waits for a disk or a network. Larger writes, "
                             "or a buffer, help."});
  }
  add_smaller_share_of_short_items(m, v);
  return v;
}

// How many workers the serial parts could keep busy; nothing where they cost next to nothing.
std::optional<double> workers_until_serial(const measured& m) {
  if (m.serial_load() < negligible_load) return std::nullopt;
  return m.workers * ratio(m.busy, m.wall * m.workers) / m.serial_load();
}

std::string what_more_workers_bring(const measured& m) {
  const auto most = workers_until_serial(m);
  if (!most) {
    return "More cores would help: what is serial, generator and collector, takes less than " +
           percent(negligible_load) + " of a core.";
  }
  const std::string serial =
      "the " + m.serial_part() + " (" + percent(m.serial_load()) + " of a core)";
  if (*most < m.workers * 1.1) {
    return "More workers would help little: " + serial + " is close to its limit, too.";
  }
  return "More cores would help up to about " + counted(*most, "worker") + "; then " + serial +
         " bounds the run.";
}

void advise_on_workers(const measured& m, verdict& v) {
  const unsigned cpus = available_cpus();
  if (m.waits()) {
    v.advices.push_back({"Use more workers than CPUs",
                         "CPU time is only " + percent(*m.computed) +
                             " of the time inside work: it waits for something else. About " +
                             counted(std::ceil(m.workers / std::max(0.01, *m.computed)), "worker") +
                             " would keep the same CPUs busy."});
  } else if (!m.has_cpus()) {
    v.advices.push_back({"Give the run CPUs of its own",
                         "For " + percent(m.delayed) +
                             " of their busy time threads were ready to run and had no CPU: "
                             "other programs ran there, or there are more workers than CPUs."});
  } else if (m.workers < cpus) {
    v.advices.push_back({"Use more workers", "This process may use " + counted(cpus, "CPU") +
                                                 ", and the run used " +
                                                 counted(m.workers, "worker") + "."});
  } else {
    v.advices.push_back(
        {"Make work cheaper, or give it more cores",
         "Every worker was busy, and there are as many as CPUs (" + std::to_string(cpus) + ")."});
  }
}

// No run is shorter than its longest item.
double limit_by_longest(const measured& m) {
  return m.longest() > 0 ? m.wall / m.longest() : m.wall;
}

verdict bound_by_work(const measured& m) {
  verdict v{.bound = "work"};
  v.headline = "Work-bound: " + std::to_string(m.took_part) + " of " +
               counted(m.workers, "worker") + " busy " +
               percent(ratio(m.busy, m.wall * m.workers)) + " of the time.";
  v.detail = what_more_workers_bring(m);
  const auto most = workers_until_serial(m);
  double best = std::min(limit_by_longest(m), static_cast<double>(m.durations.count()) / m.workers);
  if (most) best = std::min(best, *most / m.workers);
  if (best >= 1) v.best_factor = best;
  advise_on_workers(m, v);
  if (m.mean() < short_attempt && !m.facts.is_split) add_smaller_share_of_short_items(m, v);
  return v;
}

verdict bound_by_outstanding(const measured& m) {
  verdict v{.bound = "outstanding"};
  v.headline = "Bound by what is outstanding: " + counted(m.under_way, "item") + " of at most " +
               readable_count(m.facts.queue) + " were under way on average.";
  v.detail = "The workers, which only start and collect asynchronous items, were busy " +
             percent(ratio(m.busy, m.wall * m.workers)) + " of the time.";
  v.advices.push_back({"Allow more items at once: options::queue",
                       "If what the items wait for can take more at a time, the rate grows with "
                       "the queue. An item took " +
                           time(m.mean()) + " on average."});
  return v;
}

// --- Runs that no single part bounds: why the workers were idle ---

// The first cause of much idle time is the headline.
void blame(const measured& m, verdict& v, const std::string& cause) {
  if (v.is_blamed || m.idle_share() < much) return;
  v.is_blamed = true;
  v.headline = "Held back by " + cause + ": the " + m.facts.lane_word + "s were idle " +
               percent(m.idle_share()) + " of the time.";
}

void explain_tail(const measured& m, verdict& v) {
  if (m.tail < notable || m.tail < m.idle_share() * 0.4 || !m.slowest) return;
  blame(m, v, "its last " + m.facts.item_word + "s");
  v.detail += " At the end workers had nothing left to do while the last items were worked on (" +
              percent(m.tail) + " of their time); the longest, " + name_of(m, *m.slowest) +
              ", took " + time(m.longest()) + ".";
  v.advices.push_back({"Yield long items first, or make them smaller",
                       "A long item that begins last keeps one worker busy and the others idle."});
}

void explain_order(const measured& m, verdict& v) {
  const bool was_full = m.counts.peak_in_flight >= m.facts.queue;
  if (!m.facts.is_ordered || !was_full || m.idle_share() < 2 * notable) return;
  blame(m, v, "input order");
  v.detail += " Results waited for slower ones before them until the queue of " +
              readable_count(m.facts.queue) + " items was full.";
  v.advices.push_back({"Use a longer queue, or completion order",
                       "With ordering::input a slow item holds back those behind it, at most "
                       "options::queue of them; it took at most " +
                           time(m.longest()) + ", on average " + time(m.mean()) + "."});
}

void explain_serial_parts(const measured& m, verdict& v) {
  if (m.serial_load() < 0.5) return;
  blame(m, v, "its " + m.serial_part());
  v.detail += " The serial parts were occupied " + percent(m.generator_load) + " (generator) and " +
              percent(m.collector_load) + " (collector) of the time.";
  if (m.generator_load >= m.collector_load) {
    v.advices.push_back({"Make the generator cheaper",
                         "It is close to what bounds the run: parwork::split where items have "
                         "positions, parwork::chunks where they are small."});
  } else {
    v.advices.push_back({"Make the collector cheaper",
                         "It is close to what bounds the run: parwork::reduce where results are "
                         "folded, else move some of it into work."});
  }
}

void explain_few_items(const measured& m, verdict& v) {
  if (static_cast<double>(m.counts.produced) >= 2 * m.workers || m.idle_share() < much) return;
  blame(m, v, "having so few " + m.facts.item_word + "s");
  v.detail += " There were " + counted(static_cast<double>(m.counts.produced), m.facts.item_word) +
              " for " + counted(m.workers, m.facts.lane_word) + ".";
  v.advices.push_back({"Yield more, smaller " + m.facts.item_word + "s",
                       "Fewer than two for each " + m.facts.lane_word +
                           " cannot be shared out "
                           "evenly."});
}

void explain_backoff(const measured& m, verdict& v) {
  if (m.waiting < 1 || m.idle_share() < much) return;
  blame(m, v, "waiting for further attempts");
  v.detail += " On average " + counted(m.waiting, "item") +
              " waited for another attempt while workers were idle.";
  v.advices.push_back(
      {"Wait less before another attempt: retry_policy::backoff",
       counted(static_cast<double>(m.counts.retries), "attempt") + " were repeated."});
}

void explain_short_items(const measured& m, verdict& v) {
  if (m.facts.is_manual || m.durations.count() == 0 || m.mean() >= short_attempt) return;
  v.detail +=
      " Items take " + time(m.mean()) + " on average: to hand them out costs a good part of that.";
  add_smaller_share_of_short_items(m, v);
}

verdict balanced(const measured& m) {
  verdict v{.bound = "balanced"};
  v.headline = "Balanced: nothing held the run back by itself.";
  v.detail = "No single part bounds it: work took " + percent(ratio(m.work, m.wall * m.workers)) +
             " of the workers' time, and " + percent(m.idle_share()) + " of it was idle.";
  const double left = std::max({m.busy / m.workers, m.serial_load() * m.wall, m.longest(), 1.0});
  v.best_factor = std::max(1.0, m.wall / left);
  if (m.waits() && ratio(m.work, m.wall * m.workers) >= 0.5) advise_on_workers(m, v);
  explain_few_items(m, v);
  explain_tail(m, v);
  explain_order(m, v);
  explain_backoff(m, v);
  explain_serial_parts(m, v);
  explain_short_items(m, v);
  if (v.advices.empty() && m.idle_share() < much) advise_on_workers(m, v);
  return v;
}

// --- Runs that were recorded by hand ---

verdict of_manual(const measured& m) {
  verdict v{.bound = m.counts.bound == bottleneck::work        ? "work"
                     : m.counts.bound == bottleneck::generator ? "generator"
                                                               : "balanced"};
  const std::string lanes = counted(m.workers, m.facts.lane_word);
  const std::string share = percent(m.counts.work_share);
  const bool few =
      m.computed && static_cast<double>(m.run.cpu()->count()) < 0.5 * m.wall * available_cpus();
  if (v.bound == "work") {
    v.headline =
        "Bound by its " + m.facts.item_word + "s: " + lanes + " busy " + share + " of the time.";
    v.best_factor = std::max(1.0, limit_by_longest(m));
    v.detail = "At best the run lasts as long as its longest " + m.facts.item_word + ", " +
               time(m.longest()) + ".";
    v.advices.push_back(
        few ? advice{"Use more " + m.facts.lane_word + "s",
                     "The CPUs were busy " +
                         percent(ratio(static_cast<double>(m.run.cpu()->count()),
                                       m.wall * available_cpus())) +
                         " of the time: the " + m.facts.item_word + "s wait for something else."}
            : advice{"More " + m.facts.lane_word + "s help while there are free CPUs",
                     "Beyond that the " + m.facts.item_word + "s have to become cheaper."});
    return v;
  }
  const double left = std::max({m.work / m.workers, m.longest(), 1.0});
  v.best_factor = std::max(1.0, m.wall / left);
  if (v.bound == "generator") {
    v.headline = "Bound by its input: " + lanes + " waited " + percent(m.counts.generator_share) +
                 " of the time for the next " + m.facts.item_word + ".";
    v.detail = "Fewer " + m.facts.lane_word + "s would do.";
    v.advices.push_back({"Bring the input faster", "What yields it is what the run waits for."});
    return v;
  }
  v.headline = "Balanced: " + lanes + " busy " + share + " of the time.";
  v.detail = percent(m.counts.generator_share) + " of it went to waiting for input.";
  explain_few_items(m, v);
  explain_tail(m, v);
  if (m.mean() > 0 && m.mean() < 5e6 && m.counts.work_share < 0.8) {
    v.detail += " A " + m.facts.item_word + " took " + time(m.mean()) +
                " on average, so starting them is a good part of the run.";
    v.advices.push_back({"Do more in each " + m.facts.item_word,
                         "Several items for each start cost less than a start for each."});
  }
  return v;
}

void advise_on_failures(const measured& m, verdict& v) {
  const double failed =
      ratio(static_cast<double>(m.counts.failed), static_cast<double>(m.counts.produced));
  if (failed >= much) {
    v.advices.push_back(
        {"Look at the failures", percent(failed) + " of all " + m.facts.item_word + "s failed."});
  }
  const double repeated =
      ratio(static_cast<double>(m.counts.retries), static_cast<double>(m.durations.count()));
  if (repeated >= much) {
    v.advices.push_back({"Find out why attempts have to be repeated",
                         percent(repeated) + " of all attempts were further ones."});
  }
}

}  // namespace

verdict judge(const recording& run) {
  const measured m(run);
  if (m.counts.produced == 0) {
    return {.bound = "nothing",
            .headline = "Nothing to do: there was no " + m.facts.item_word + ".",
            .detail = ""};
  }
  verdict v;
  if (m.facts.is_manual) {
    v = of_manual(m);
  } else if (m.counts.bound == bottleneck::generator) {
    v = bound_by_generator(m);
  } else if (m.counts.bound == bottleneck::collector) {
    v = bound_by_collector(m);
  } else if (m.facts.is_async &&
             m.under_way >= bottleneck_threshold * static_cast<double>(m.facts.queue)) {
    v = bound_by_outstanding(m);
  } else if (m.counts.bound == bottleneck::work) {
    v = bound_by_work(m);
  } else {
    v = balanced(m);
  }
  advise_on_failures(m, v);
  return v;
}

std::string in_words(const verdict& its) {
  std::string text = its.headline;
  if (!its.detail.empty()) text += ' ' + its.detail;
  if (!its.advices.empty()) {
    text += " " + its.advices.front().what + ": " + its.advices.front().why;
  }
  return text;
}

}  // namespace parwork::detail
