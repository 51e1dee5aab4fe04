// What a run tells while it lasts, and at its end.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <parwork/parwork.hpp>
#include <sstream>
#include <vector>

#include "contract.hpp"

namespace contract {
namespace {

const std::vector<int> items{1, 2, 3};

void summaries() {
  const parwork::summary summary =
      parwork::process(items, [](int item) { return item; }, [](int) {}, {.workers = 2});

  const std::uint64_t produced = summary.produced;
  const std::uint64_t finished = summary.succeeded + summary.failed + summary.cancelled;
  const std::chrono::nanoseconds wall = summary.wall;
  const unsigned workers = summary.workers;
  const std::size_t peak = summary.peak_in_flight;
  const std::optional<parwork::failure> first = summary.first_failure;
  expect(produced == 3 && finished == 3 && summary.retries == 0 && !summary.stopped && !first);
  expect(wall.count() > 0 && workers == 2 && peak >= 1 && peak <= 200);

  const double shares =
      summary.generator_share + summary.work_share + summary.collector_share + summary.idle_share;
  expect(shares > 0.5 && shares < 1.5);
  switch (const parwork::bottleneck bound = summary.bound) {
    case parwork::bottleneck::generator:
    case parwork::bottleneck::work:
    case parwork::bottleneck::collector:
    case parwork::bottleneck::balanced:
      expect(bound == summary.bound);
      break;
  }

  std::ostringstream text;
  text << summary;
  expect(text.str().find('3') != std::string::npos);
}

void progress() {
  std::vector<parwork::progress> seen;
  const auto summary = parwork::process(
      items, [](int item) { return item; }, [](int) {},
      {.on_progress = [&](const parwork::progress& now) { seen.push_back(now); }});
  expect(summary.succeeded == 3 && !seen.empty());
  const parwork::progress& last = seen.back();
  const std::optional<std::uint64_t> total = last.total;
  const std::optional<std::chrono::nanoseconds> eta = last.eta;
  const std::chrono::nanoseconds elapsed = last.elapsed;
  const double rate = last.items_per_second;
  expect(last.produced == 3 && last.collected == 3 && last.failed == 0 && last.retries == 0 &&
         last.in_flight == 0);
  expect(total == 3u && (!eta || *eta <= std::chrono::seconds(1)) && elapsed.count() > 0 &&
         rate > 0);
}

void progress_bars() {
  std::FILE* file = std::tmpfile();
  auto work = [](int item) { return item; };
  auto summary = parwork::process(items, work, [](int) {},
                                  {.on_progress = parwork::progress_bar(file, "three items")});
  expect(summary.succeeded == 3 && std::ftell(file) == 0);
  std::fclose(file);
  summary = parwork::process(items, work, [](int) {}, {.on_progress = parwork::progress_bar()});
  expect(summary.succeeded == 3);
}

}  // namespace

void reports() {
  summaries();
  progress();
  progress_bars();
}

}  // namespace contract
