// What a recorder keeps of a run, and what it writes.
#include <cstddef>
#include <filesystem>
#include <functional>
#include <parwork/parwork.hpp>
#include <parwork/recorder.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "contract.hpp"

namespace contract {
namespace {

struct job {
  int number;
};

void recorded_runs() {
  parwork::recorder recorder;
  recorder.name_items<job>([](const job& which) { return "job " + std::to_string(which.number); });
  const std::vector<job> jobs{{1}, {2}, {3}};
  const auto summary = parwork::process(
      jobs, [](const job& which) { return which.number; }, [](int) {}, {.record = &recorder});
  expect(summary.succeeded == 3 && !recorder.verdict().empty() && !recorder.thinned());

  const std::filesystem::path folder = std::filesystem::temp_directory_path();
  const std::filesystem::path trace = folder / "parwork-contract.json";
  recorder.write_trace(trace);
  expect(std::filesystem::file_size(trace) > 100);
  std::filesystem::remove(trace);

  const std::filesystem::path report = folder / "parwork-contract.html";
  try {
    recorder.write_report(report);
    expect(parwork::has_report() && std::filesystem::file_size(report) > 10'000);
    std::filesystem::remove(report);
  } catch (const std::runtime_error&) {
    expect(!parwork::has_report());
  }
}

void misused() {
  const parwork::recorder unused(
      parwork::recorder_options{.memory = std::size_t{8} << 20, .title = "none"});
  bool refused = false;
  try {
    unused.write_trace("unused");
  } catch (const std::logic_error&) {
    refused = true;
  }
  expect(refused);
}

}  // namespace

void recorders() {
  recorded_runs();
  misused();
}

}  // namespace contract
