// Writes reports of real runs, each with the summary that its run returned, for the browser's
// tests.
//
// usage: write_reports FOLDER      makes FOLDER/NAME.html and FOLDER/NAME.summary.json
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <expected>
#include <filesystem>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "parwork/parwork.hpp"
#include "report/json_writer.hpp"
#include "report/output_file.hpp"
#include "report/summary_fields.hpp"
#include "support/elsewhere.hpp"

namespace {

using namespace std::chrono_literals;
using parwork::options;
using parwork::recorder;
using parwork::summary;

void burn(std::chrono::nanoseconds time) {
  const auto until = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < until) {
  }
}

auto numbers(std::uint64_t count, std::chrono::nanoseconds each = 0ns) {
  return [count, each, next = std::uint64_t{0}]() mutable -> std::optional<std::uint64_t> {
    if (next == count) return std::nullopt;
    if (each > 0ns) burn(each);
    return next++;
  };
}

auto spin(std::chrono::nanoseconds each) {
  return [each](std::uint64_t item) {
    if (each > 0ns) burn(each);
    return item;
  };
}

auto ignore(std::chrono::nanoseconds each = 0ns) {
  return [each](std::uint64_t) {
    if (each > 0ns) burn(each);
  };
}

summary generator_bound(const options& chosen) {
  return parwork::process(numbers(5'000, 60us), spin(10us), ignore(), chosen);
}

summary work_bound(const options& chosen) {
  return parwork::process(numbers(5'000, 1us), spin(100us), ignore(1us), chosen);
}

summary collector_bound(const options& chosen) {
  return parwork::process(numbers(5'000), spin(10us), ignore(60us), chosen);
}

summary one_slow_item(const options& chosen) {
  return parwork::process(
      numbers(2'000),
      [](std::uint64_t item) {
        burn(item == 1'999 ? 150ms : 50us);
        return item;
      },
      ignore(), chosen);
}

summary failing(options chosen) {
  chosen.retry = {.max_attempts = 3, .backoff = 1ms};
  return parwork::process(
      [next = 0]() mutable -> std::optional<std::string> {
        if (next == 3'000) return std::nullopt;
        const int now = next++;
        return now % 100 == 7 ? "<script>window.hacked = 1</script>"
                              : "item " + std::to_string(now);
      },
      [next = std::atomic<int>(0)](
          const std::string& item) mutable -> std::expected<std::size_t, parwork::failure> {
        burn(item[0] == '<' ? 60us : 30us);
        const int now = next++;
        if (now % 5 == 0) throw std::runtime_error("cannot open <b>file</b>");
        if (now % 7 == 0)
          return std::unexpected(parwork::failure(parwork::failure_kind::error, "odd"));
        return item.size();
      },
      [](const parwork::completion<std::string, std::size_t>&) {}, chosen);
}

summary asynchronous(options chosen) {
  chosen.queue = 8;
  parwork_test::elsewhere threads(8);
  return parwork::process(
      numbers(200),
      [&](std::uint64_t item, parwork::completer<std::uint64_t> done) {
        threads.post([item, done = std::move(done)]() mutable {
          std::this_thread::sleep_for(2ms);
          done.succeed(item);
        });
      },
      ignore(), chosen);
}

// Weighed items; a pause that the collector begins, and another thread ends.
summary paused_and_weighed(options chosen) {
  parwork::run_control control;
  chosen.control = &control;
  chosen.memory = 4096;
  parwork_test::elsewhere threads(1);
  return parwork::process(
      parwork::weighed(numbers(500, 1us), [](const std::uint64_t&) { return 100; }), spin(100us),
      [&](std::uint64_t item) {
        if (item != 100) return;
        control.pause();
        threads.post([&control] {
          std::this_thread::sleep_for(30ms);
          control.resume();
        });
      },
      chosen);
}

summary in_stages(const options& chosen) {
  return parwork::process(
      numbers(1'000),
      parwork::keyed(parwork::stages(spin(20us), parwork::limited(spin(60us), 1), spin(5us)),
                     [](const std::uint64_t& item) { return item % 7; }),
      ignore(), chosen);
}

summary split_and_reduced(const options& chosen) {
  std::vector<std::uint64_t> all(20'000, 1);
  auto sum = parwork::reduce(
      std::uint64_t{0}, [](std::uint64_t& into, std::uint64_t one) { into += one; },
      [](std::uint64_t& into, std::uint64_t other) { into += other; });
  return parwork::process(parwork::split(all), spin(5us), sum, chosen);
}

summary ten_million(const options& chosen) {
  return parwork::process(numbers(10'000'000), spin(0ns), ignore(), chosen);
}

summary of_nothing(const options& chosen) {
  return parwork::process(numbers(0), spin(0ns), ignore(), chosen);
}

void write(const std::filesystem::path& folder, const std::string& name, unsigned workers,
           const std::function<summary(const options&)>& run) {
  recorder recorded({.title = name});
  const summary returned = run({.workers = workers, .record = &recorded});
  recorded.write_report(folder / (name + ".html"));
  parwork::detail::output_file file(folder / (name + ".summary.json"));
  parwork::detail::json_writer out(file);
  parwork::detail::write_summary(out, returned);
  out.flush();
  file.close();
}

}  // namespace

int main(int count, char** words) {
  if (count != 2) {
    std::fputs("usage: write_reports FOLDER\n", stderr);
    return 2;
  }
  try {
    const std::filesystem::path folder = words[1];
    std::filesystem::create_directories(folder);
    write(folder, "generator-bound", 2, generator_bound);
    write(folder, "work-bound", 2, work_bound);
    write(folder, "collector-bound", 2, collector_bound);
    write(folder, "one-slow-item", 2, one_slow_item);
    write(folder, "failing", 2, failing);
    write(folder, "asynchronous", 2, asynchronous);
    write(folder, "split-and-reduced", 2, split_and_reduced);
    write(folder, "paused-and-weighed", 2, paused_and_weighed);
    write(folder, "in-stages", 4, in_stages);
    write(folder, "ten-million", 2, ten_million);
    write(folder, "sixty-four-workers", 64, work_bound);
    write(folder, "nothing", 2, of_nothing);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "write_reports: %s\n", error.what());
    return 1;
  }
}
