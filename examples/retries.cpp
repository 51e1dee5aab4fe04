// retries: work that fails in every way there is, and what becomes of it.
//
// Shows: `retry_policy`, `timeout`, the context's stop token and attempt number, failure kinds in
// the collector. The "server" is a function that fails by plan, so every run prints the same.
#include <array>
#include <condition_variable>
#include <cstddef>
#include <cstdio>
#include <expected>
#include <map>
#include <mutex>
#include <parwork/parwork.hpp>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>

#include "common/ending.hpp"
#include "common/interrupt.hpp"
#include "common/program.hpp"

namespace {

using namespace std::chrono_literals;

constexpr std::string_view usage =
    R"(usage: retries [--attempts N] [--timeout MS]

Fetches pages from a pretended server that fails by plan and prints what became of each.

  --attempts N  attempts on each page, 1 to 100 (default: 3)
  --timeout MS  milliseconds an attempt may take, 1 to 60000 (default: 50)

Exit status: 1, for some pages always fail; 2 bad usage; 130 interrupted.
)";

enum class plan { steady, recovers, hangs, hangs_once, crashes, missing };

struct page {
  std::string_view name;
  plan behaviour;
};

constexpr std::array pages{
    page{"/index", plan::steady},   page{"/flaky", plan::recovers},
    page{"/stuck", plan::hangs},    page{"/slow", plan::hangs_once},
    page{"/broken", plan::crashes}, page{"/nowhere", plan::missing},
    page{"/contact", plan::steady},
};

// [work]
/// Waits for an answer that never comes. A timeout is cooperative: work that waits has to watch the
/// stop token, which is requested when the attempt's deadline passes and when the run is stopped.
std::error_code wait_for_answer(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any answered;
  std::unique_lock lock(mutex);
  answered.wait(lock, stop, [] { return false; });
  return std::make_error_code(std::errc::operation_canceled);
}

std::expected<std::string, std::error_code> fetch(const page& wanted, parwork::context& context) {
  switch (wanted.behaviour) {
    case plan::steady:
      break;
    case plan::recovers:
      if (context.attempt() > 2) break;
      return std::unexpected(std::make_error_code(std::errc::connection_refused));
    case plan::hangs_once:
      if (context.attempt() > 1) break;
      return std::unexpected(wait_for_answer(context.stop_token()));
    case plan::hangs:
      return std::unexpected(wait_for_answer(context.stop_token()));
    case plan::crashes:
      throw std::runtime_error("the answer makes no sense");
    case plan::missing:
      return std::unexpected(std::make_error_code(std::errc::no_such_file_or_directory));
  }
  return "contents of " + std::string(wanted.name);
}
// [/work]

/// A word for each kind, for the table at the end.
std::string name_of(parwork::failure_kind kind) {
  std::ostringstream name;
  name << kind;
  return name.str();
}

int body(examples::arguments& words) {
  const examples::interrupt ctrl_c;
  const auto attempts = static_cast<unsigned>(words.number("--attempts", 3, 1, 100));
  const std::chrono::milliseconds timeout(words.number("--timeout", 50, 1, 60'000));
  if (!words.operands().empty()) throw examples::usage_error("there are no operands");

  // [policy]
  const parwork::retry_policy retry = {.max_attempts = attempts,
                                       .backoff = 10ms,
                                       .max_backoff = 1s,
                                       // What is missing now will be missing in a second.
                                       .retry_if = [](const parwork::failure& failure) {
                                         return failure.code() !=
                                                std::errc::no_such_file_or_directory;
                                       }};
  // [/policy]

  // [collector]
  std::map<std::string, int> outcomes;
  const auto collector = [&](const parwork::completion<page, std::string>& done) {
    const std::string outcome = done.result ? "success" : name_of(done.result.error().kind());
    const std::string& detail = done.result ? *done.result : done.result.error().message();
    std::printf("%-9s %s after %u attempt%s: %s\n", std::string(done.item.name).c_str(),
                outcome.c_str(), done.attempts, done.attempts == 1 ? "" : "s", detail.c_str());
    ++outcomes[outcome];
  };
  const parwork::summary summary =
      parwork::process(pages, fetch, collector,
                       {.workers = 4,  // they wait more than they compute
                        .order = parwork::ordering::input,
                        .retry = retry,
                        .timeout = timeout,
                        .stop = ctrl_c.token()});
  // [/collector]

  for (const auto& [outcome, count] : outcomes) std::printf("%s: %d\n", outcome.c_str(), count);
  return examples::end_with(summary);
}

}  // namespace

int main(int argc, char** argv) { return examples::run_program(argc, argv, usage, body); }
