#include "report/verdict.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "base/readable.hpp"
#include "parwork/cpus.hpp"
#include "report/gains.hpp"
#include "report/measured.hpp"
#include "report/phrases.hpp"

namespace parwork::detail {

namespace {

using phrases::counted;
using phrases::percent;
using phrases::time;
using phrases::times_as_fast;

// Shares from which on something is worth a sentence.
constexpr double much = 0.2;
// Attempts under a microsecond cost as much to hand out as to make.
constexpr double short_attempt = 1'000;  // nanoseconds

// --- What the run was bound by ---

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
  v.best_factor = best_factor(m);
  v.detail = "Work took " + percent(ratio(m.work, m.wall * m.workers)) + " of the workers' time; " +
             counted(std::min(needed, m.workers), "worker") +
             " would keep up with it. With a generator that costs nothing the run could be " +
             times_as_fast(factor_without_generator(m)) + " as fast.";
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
  v.best_factor = best_factor(m);
  v.detail = "Work took " + percent(ratio(m.work, m.wall * m.workers)) +
             " of the workers' time. With a collector that costs nothing the run could be " +
             times_as_fast(factor_without_collector(m)) + " as fast.";
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

// --- Stages that are full ---

// How many places would keep up with the workers' other time, and how much faster the run could be
// with them.
struct more_places {
  explicit more_places(const measured& m, const stage_view& stage)
      : count(std::ceil(ratio(static_cast<double>(stage.use.time) * m.workers, m.busy))) {
    const double left = std::max({m.busy / m.workers, m.serial_load() * m.wall, m.longest(), 1.0});
    factor = m.wall / left;
  }

  double count;
  double factor;
};

advice to_raise_limit(const measured& m) {
  const stage_view& stage = *m.full_stage;
  const more_places more(m, stage);
  const std::string full = "On average " + counted(m.waiting_for(stage), "item") + " waited for " +
                           places_of(stage) + ", busy " + percent(m.load_of(stage)) +
                           " of the time.";
  const std::string gain =
      more.count > stage.limit && more.factor > 1 + notable
          ? " With " + readable_count(static_cast<std::uint64_t>(more.count)) +
                ", if what it is limited for allows that, the run could be up to " +
                times_as_fast(more.factor) + " as fast on as many workers."
          : " More workers help only with more places, or a cheaper stage.";
  return {"Raise the limit of " + stage.name + ", which is " + readable_count(stage.limit),
          full + gain};
}

// --- Runs that work bounds ---

std::string what_more_workers_bring(const measured& m) {
  const auto most = workers_until_serial(m);
  const auto longest = workers_until_longest(m);
  if (longest && *longest < most.value_or(*longest + 1)) {
    const std::string item = "the longest " + m.facts.item_word + ", " + name_of(m, *m.slowest) +
                             " (" + time(m.longest()) + ")";
    if (*longest < m.workers * 1.1) {
      return "More workers would help little: " + item + ", took nearly as long as the run.";
    }
    return "More cores would help up to about " + counted(*longest, "worker") + "; then " + item +
           ", bounds the run.";
  }
  if (!most) {
    return "More cores would help: what is serial, generator and collector, takes less than " +
           percent(negligible_load) + " of a core.";
  }
  const std::string serial = narrowest(m).name;
  if (*most < m.workers * 1.1) {
    return "More workers would help little: " + serial + " is close to its limit, too.";
  }
  return "More cores would help up to about " + counted(*most, "worker") + "; then " + serial +
         " bounds the run.";
}

advice to_find_cpus(const measured& m) {
  const std::string those = m.facts.is_manual ? m.facts.item_word + "s" : "threads";
  return {"Give the run CPUs of its own",
          "For " + percent(m.delayed) + " of their busy time " + those +
              " were ready to run and had no CPU: other programs ran there, or there are more " +
              m.facts.lane_word + "s than CPUs."};
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
    v.advices.push_back(to_find_cpus(m));
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

verdict bound_by_work(const measured& m) {
  verdict v{.bound = "work"};
  v.headline = "Work-bound: " + std::to_string(m.took_part) + " of " +
               counted(m.workers, "worker") + " busy " +
               percent(ratio(m.busy, m.wall * m.workers)) + " of the time.";
  v.detail = what_more_workers_bring(m);
  v.best_factor = best_factor(m);
  if (m.full_stage) v.advices.push_back(to_raise_limit(m));
  advise_on_workers(m, v);
  if (m.mean() < short_attempt && !m.facts.is_split) add_smaller_share_of_short_items(m, v);
  return v;
}

std::string remote_threads(const measured& m) {
  return counted(static_cast<double>(m.remote_threads), "thread") + " on other machines";
}

// What is outstanding is with threads elsewhere, and those are busy.
verdict bound_by_remote_threads(const measured& m) {
  verdict v{.bound = "outstanding"};
  v.headline = "Bound by work elsewhere: " + remote_threads(m) + " were busy " +
               percent(m.remote_load()) + " of the time.";
  v.detail = "The workers here, which only hand items over and collect them, were busy " +
             percent(ratio(m.busy, m.wall * m.workers)) + " of the time.";
  v.advices.push_back({"Start more workers on other machines",
                       "The rate grows with their threads as long as the workers here are idle."});
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

void explain_remote_threads(const measured& m, verdict& v) {
  if (m.remote_threads == 0) return;
  v.detail += " " + remote_threads(m) + " were busy " + percent(m.remote_load()) + " of the time.";
}

void explain_full_stage(const measured& m, verdict& v) {
  if (!m.full_stage || m.idle_share() < 2 * notable) return;
  const stage_view& stage = *m.full_stage;
  blame(m, v, "the limit of " + stage.name);
  v.detail += " Of " + stage.name + " at most " + readable_count(stage.limit) +
              " may be done at once, and items waited for that.";
  v.advices.push_back(to_raise_limit(m));
}

void explain_keys(const measured& m, verdict& v) {
  if (m.waiting_for_turn < 1 || m.idle_share() < 2 * notable) return;
  blame(m, v, "items of equal keys");
  v.detail += " On average " + counted(m.waiting_for_turn, "item") +
              " waited until the one before with an equal key was finished: few keys are busy at "
              "a time.";
  v.advices.push_back(
      {"Use finer keys, or a larger queue",
       "A key has one item worked on at a time. No more workers are busy than there are keys among "
       "the items in flight, at most " +
           readable_count(m.facts.queue) + " of them (options::queue)."});
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
  v.advices.push_back({"Use a larger queue, or completion order",
                       "With ordering::input a slow item holds back those behind it, at most "
                       "options::queue of them; it took at most " +
                           time(m.longest()) + ", on average " + time(m.mean()) + "." +
                           gain_of_larger_queue(m)});
}

void explain_serial_parts(const measured& m, verdict& v) {
  if (m.serial_load() < 0.5) return;
  blame(m, v, "its " + m.serial_part());
  v.detail += " The serial parts were occupied " + percent(m.generator_load) + " (generator) and " +
              percent(m.collector_load) + " (collector) of the time.";
  const bool generator = m.generator_load >= m.collector_load;
  v.detail += " With a " + m.serial_part() + " that costs nothing the run could be " +
              times_as_fast(generator ? factor_without_generator(m) : factor_without_collector(m)) +
              " as fast.";
  if (generator) {
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
  v.best_factor = best_factor(m);
  if (m.waits() && ratio(m.work, m.wall * m.workers) >= 0.5) advise_on_workers(m, v);
  explain_remote_threads(m, v);
  explain_few_items(m, v);
  explain_full_stage(m, v);
  explain_keys(m, v);
  explain_tail(m, v);
  explain_order(m, v);
  explain_backoff(m, v);
  explain_serial_parts(m, v);
  explain_short_items(m, v);
  if (v.advices.empty() && m.idle_share() < much) advise_on_workers(m, v);
  return v;
}

// --- Runs that were recorded by hand ---

// Whether its lanes wait for something else than a CPU, and leave CPUs free meanwhile.
bool waits_beside_free_cpus(const measured& m) {
  return m.waits() && static_cast<double>(m.run.cpu()->count()) < 0.5 * m.wall * available_cpus();
}

advice on_lanes(const measured& m) {
  if (waits_beside_free_cpus(m)) {
    return {
        "Use more " + m.facts.lane_word + "s",
        "The CPUs were busy " +
            percent(ratio(static_cast<double>(m.run.cpu()->count()), m.wall * available_cpus())) +
            " of the time: the " + m.facts.item_word + "s wait for something else."};
  }
  if (!m.has_cpus()) return to_find_cpus(m);
  return {"More " + m.facts.lane_word + "s help while there are free CPUs",
          "Beyond that the " + m.facts.item_word + "s have to become cheaper."};
}

verdict of_manual(const measured& m) {
  verdict v{.bound = m.counts.bound == bottleneck::work        ? "work"
                     : m.counts.bound == bottleneck::generator ? "generator"
                                                               : "balanced"};
  const std::string lanes = counted(m.workers, m.facts.lane_word);
  const std::string share = percent(m.counts.work_share);
  v.best_factor = best_factor_of_manual(m);
  if (v.bound == "work") {
    v.headline =
        "Bound by its " + m.facts.item_word + "s: " + lanes + " busy " + share + " of the time.";
    v.detail = "At best the run lasts as long as its longest " + m.facts.item_word + ", " +
               time(m.longest()) + ".";
    v.advices.push_back(on_lanes(m));
    return v;
  }
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
  if (failed >= much && m.lost_share() < much) {
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

// Time that came to nothing is what to look at first, whatever bounds the run besides.
void blame_failures(const measured& m, verdict& v) {
  const double share = m.lost_share();
  if (share < much) return;
  const double late =
      ratio(static_cast<double>(m.lost.timed_out), static_cast<double>(m.lost.failed));
  const std::string how = late >= 1 - notable ? "timed out"
                          : late >= notable   ? "timed out or failed"
                                              : "failed";
  const bool overlaps = m.facts.is_async && !m.facts.is_manual;
  const std::string whose = overlaps ? "all attempts'" : "the " + m.facts.lane_word + "s'";
  v.is_blamed = true;
  v.detail = v.headline + (v.detail.empty() ? "" : " ") + v.detail;
  v.headline = "Attempts that " + how + " took " + percent(share) + " of " + whose + " time.";
  const std::string shorter = late >= notable ? "a shorter timeout, " : "";
  v.advices.insert(v.advices.begin(),
                   {"Look at the attempts that " + how,
                    "Their time came to nothing: " + shorter +
                        "fewer further attempts, or an end of the cause gives it to the others."});
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
  } else if (m.remote_load() >= bottleneck_threshold) {
    v = bound_by_remote_threads(m);
  } else if (m.facts.is_async &&
             m.under_way >= bottleneck_threshold * static_cast<double>(m.facts.queue)) {
    v = bound_by_outstanding(m);
  } else if (m.counts.bound == bottleneck::work) {
    v = bound_by_work(m);
  } else {
    v = balanced(m);
  }
  advise_on_failures(m, v);
  blame_failures(m, v);
  if (m.counts.paused.count() > 0) {
    v.detail += " The run was paused for ";
    v.detail += readable_duration(m.counts.paused);
    v.detail += ", which is in no share.";
  }
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
