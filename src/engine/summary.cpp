#include "parwork/summary.hpp"

#include <algorithm>
#include <ostream>
#include <sstream>
#include <string>
#include <string_view>

#include "base/readable.hpp"

namespace parwork {

namespace {

std::string_view name_of(bottleneck bound) noexcept {
  switch (bound) {
    case bottleneck::balanced:
      return "balanced";
    case bottleneck::generator:
      return "generator";
    case bottleneck::work:
      return "work";
    case bottleneck::collector:
      return "collector";
  }
  return "unknown";
}

std::string counted(std::uint64_t count, std::string_view noun) {
  return detail::readable_count(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

void add_part(std::string& list, std::uint64_t count, std::string_view word) {
  if (count == 0) return;
  if (!list.empty()) list += ", ";
  list += detail::readable_count(count);
  list += ' ';
  list += word;
}

// "1,000 items in 1.25 s (800 per second) on 4 workers: 990 succeeded, 10 failed."
std::string counts_sentence(const summary& run) {
  std::string text = counted(run.produced, "item") + " in " + detail::readable_duration(run.wall);
  const double seconds = std::chrono::duration<double>(run.wall - run.paused).count();
  const auto finished = static_cast<double>(run.succeeded + run.failed);
  if (seconds > 0 && finished > 0) {
    text += " (" + detail::readable_rate(finished / seconds) + " per second)";
  }
  text += " on " + counted(run.workers, "worker");

  std::string outcome;
  if (run.produced > 0 && run.succeeded == run.produced) {
    outcome = run.produced == 1 ? "succeeded" : "all succeeded";
  } else {
    add_part(outcome, run.succeeded, "succeeded");
    add_part(outcome, run.failed, "failed");
    add_part(outcome, run.cancelled, "cancelled");
  }
  add_part(outcome, run.retries, run.retries == 1 ? "retry" : "retries");
  if (!outcome.empty()) text += ": " + outcome;
  return text + ".";
}

// Only the first line of the message: the summary is one paragraph.
std::string first_failure_sentence(const failure& first) {
  std::ostringstream written;
  written << first;
  const std::string message = written.str();
  std::string text = " First failure: " + message.substr(0, message.find('\n'));
  if (text.find_last_of(".!?") != text.size() - 1) text += '.';
  return text;
}

std::string shares_sentence(const summary& run) {
  return " Time: work " + detail::readable_share(run.work_share) + ", generator " +
         detail::readable_share(run.generator_share) + ", collector " +
         detail::readable_share(run.collector_share) + ", idle " +
         detail::readable_share(run.idle_share) + ".";
}

// Nothing was occupied all the time: where the workers were not either, what comes nearest to it.
std::string_view advice_for_balanced(const summary& run) noexcept {
  constexpr double much_idle = 0.2;
  constexpr double near_to_limit = 0.5;  // of one thread's time, where the part is serial
  if (run.idle_share < much_idle) return " Balanced: no single part limited the run.";
  const double serial = std::max(run.generator_share, run.collector_share) * run.workers;
  if (serial < near_to_limit) {
    return " No part was occupied all the time: a recorder (options::record) shows what the "
           "workers waited for.";
  }
  return run.generator_share >= run.collector_share
             ? " Held back by the generator, though it was not occupied all the time."
             : " Held back by the collector, though it was not occupied all the time.";
}

std::string_view advice_for(const summary& run) noexcept {
  switch (run.bound) {
    case bottleneck::balanced:
      return advice_for_balanced(run);
    case bottleneck::generator:
      return " Limited by the generator: more workers would not help. Make it cheaper, let it "
             "yield "
             "larger items (parwork::chunks), or split the range (parwork::split) so that workers "
             "take items without waiting for each other.";
    case bottleneck::work:
      return " Limited by work: the workers were busy nearly all the time. More workers help while "
             "there are free cores; beyond that, work itself has to become cheaper.";
    case bottleneck::collector:
      return " Limited by the collector: more workers would not help. Make it cheaper, move its "
             "part "
             "into work, collect larger items (parwork::chunks), or use parwork::reduce, which has "
             "no serial collector.";
  }
  return "";
}

}  // namespace

std::ostream& operator<<(std::ostream& out, bottleneck bound) { return out << name_of(bound); }

std::ostream& operator<<(std::ostream& out, const summary& summary) {
  std::string text = counts_sentence(summary);
  if (summary.paused.count() > 0) {
    text += " Of that time the run was paused for " + detail::readable_duration(summary.paused) +
            ", which is in no rate and no share.";
  }
  if (summary.peak_memory > 0) {
    text += " Items in flight weighed at most " + detail::readable_bytes(summary.peak_memory) + ".";
  }
  if (summary.stopped) text += " The run was stopped before its end.";
  if (summary.first_failure) text += first_failure_sentence(*summary.first_failure);
  if (summary.succeeded + summary.failed > 0) {
    text += shares_sentence(summary);
    text += advice_for(summary);
  }
  return out << text;
}

}  // namespace parwork
