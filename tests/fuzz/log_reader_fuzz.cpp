// A log. It is refused by an error, or what is read of it keeps its promises and can be shown.
#include "record/log_reader.hpp"

#include <sstream>

#include "fuzz.hpp"
#include "support/error.hpp"

namespace {

void check(const cli::logged_attempt& each, unsigned workers) {
  fuzz::require(each.what.slot >= 1 && each.what.slot <= workers, "a slot is one of its run's");
  fuzz::require(each.what.sequence >= 1 && each.what.attempt >= 1, "they count from 1");
  fuzz::require(each.what.duration >= 0, "no time is negative");
  fuzz::require(!each.what.reason().empty(), "an end has a reason");
  fuzz::require(each.fate == cli::attempt_fate::for_good || !each.what.succeeded(),
                "no success is repeated");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::istringstream log(fuzz::text_of(data, size));
  std::uint64_t runs = 0;
  unsigned workers = 0;
  const cli::log_uses uses{.run_begins =
                               [&](const cli::logged_run& run) {
                                 ++runs;
                                 workers = run.workers;
                                 fuzz::require(workers >= 1, "there is a slot");
                                 fuzz::require(!cli::title_of(run.arguments).empty(),
                                               "there is a title");
                               },
                           .attempt_ended =
                               [&](cli::logged_attempt&& each) {
                                 fuzz::require(runs > 0, "an attempt belongs to a run");
                                 check(each, workers);
                               }};
  try {
    const cli::log_end end = cli::read_log(log, "fuzz", uses);
    fuzz::require(end.runs == runs && runs > 0, "every run is counted");
    for (const cli::logged_attempt& each : end.unfinished) check(each, end.run.workers);
  } catch (const cli::error& refused) {
    fuzz::require(std::string_view(refused.what()).contains("the log fuzz"), "an error names it");
  }
  return 0;
}
