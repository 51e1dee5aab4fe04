// report: a run whose bottleneck is chosen, recorded, and shown as a report and as a trace.
//
// Shows: `recorder`, names for items of one's own type, `write_report`, `write_trace`, and how the
// verdict tells what held a run back.
#include <chrono>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <iostream>
#include <optional>
#include <parwork/parwork.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "common/program.hpp"

namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

constexpr std::string_view usage =
    R"(usage: report [--bound PART] [--items N] [--report FILE] [--trace FILE]

Makes believe to render frames, records it, and says what held the run back.

  --bound PART    what takes long: generator, work (default), collector, tail (the last frame),
                  or failures (a third of the frames fail and are tried again)
  --items N       how many frames (default 2000)
  --report FILE   write an HTML report
  --trace FILE    write a Chrome trace, for ui.perfetto.dev or chrome://tracing

Exit status: 0; 1 a file could not be written; 2 bad usage.
)";

/// Computes for so long.
void compute(nanoseconds time) {
  const auto until = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < until) {
  }
}

struct frame {
  std::uint64_t number;
};

/// How long each part takes for a frame.
struct costs {
  nanoseconds generator = 10us;
  nanoseconds work = 400us;
  nanoseconds collector = 10us;
  nanoseconds last = 0ns;  // the last frame, besides
  bool fails = false;
};

costs costs_of(const std::string& part) {
  if (part == "generator") return {.generator = 400us, .work = 20us};
  if (part == "work") return {};
  if (part == "collector") return {.work = 20us, .collector = 400us};
  if (part == "tail") return {.last = 300ms};
  if (part == "failures") return {.fails = true};
  throw examples::usage_error("--bound: '" + part +
                              "' is none of generator, work, collector, tail, failures");
}

std::expected<std::uint64_t, std::string> render(const costs& of, const frame& which,
                                                 const parwork::context& attempt,
                                                 std::uint64_t frames) {
  const nanoseconds spread = of.work / 4 * static_cast<std::int64_t>(which.number % 7) / 3;
  compute(of.work + spread + (which.number + 1 == frames ? of.last : 0ns));
  if (of.fails && which.number % 9 == 4) return std::unexpected("the texture is missing");
  if (of.fails && which.number % 3 == 0 && attempt.attempt() == 1) {
    return std::unexpected("out of memory");
  }
  return which.number;
}

int body(examples::arguments& words) {
  const costs cost = costs_of(words.value("--bound").value_or("work"));
  const std::uint64_t frames = words.number("--items", 2000, 1, 10'000'000);
  const std::filesystem::path report = words.value("--report").value_or("");
  const std::filesystem::path trace = words.value("--trace").value_or("");
  if (!words.operands().empty()) throw examples::usage_error("there are no operands");

  auto generator = [&, next = std::uint64_t{0}]() mutable -> std::optional<frame> {
    if (next == frames) return std::nullopt;
    compute(cost.generator);
    return frame{next++};
  };
  const auto work = [&](const frame& which, parwork::context& context) {
    return render(cost, which, context, frames);
  };
  const auto collector = [&](const parwork::completion<frame, std::uint64_t>&) {
    compute(cost.collector);
  };
  // [recorder]
  parwork::recorder recorder({.title = "frames"});
  recorder.name_items<frame>(
      [](const frame& which) { return "frame " + std::to_string(which.number); });
  const parwork::summary summary =
      parwork::process(generator, work, collector,
                       {.retry = {.max_attempts = 2, .backoff = 1ms}, .record = &recorder});
  if (!report.empty()) recorder.write_report(report);
  if (!trace.empty()) recorder.write_trace(trace);
  // [/recorder]
  std::cout << summary << '\n' << recorder.verdict() << '\n';
  return examples::all_done;
}

}  // namespace

int main(int argc, char** argv) { return examples::run_program(argc, argv, usage, body); }
