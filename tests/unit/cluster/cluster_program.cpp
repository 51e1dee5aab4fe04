// The programs that the cluster's tests start, freeze and kill.
//
//   cluster_program worker URL THREADS [LABEL]   serves the works below until it is stopped (TERM)
//   cluster_program submit URL JOB JOURNAL ITEMS WORK
//       squares 0 to ITEMS - 1 by a work, with a journal; a line for each item that is collected;
//       status 3 where the job is another's
//   cluster_program submit_gated URL JOB FOLDER ITEMS
//       "gated" on as many files in that folder; a line for each
//
// Each dies with the test that started it.
#include <sys/prctl.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

#include "parwork/journal.hpp"
#include "parwork/nats.hpp"
#include "parwork/parwork.hpp"

namespace {

namespace nats = parwork::nats;
using namespace std::chrono_literals;

// The number that kills whoever works on it.
constexpr int poison = 13;

int worker_program(std::span<char*> words) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  nats::worker_options options{.url = words[0],
                               .workers = static_cast<unsigned>(std::atoi(words[1]))};
  if (words.size() > 2) options.labels = {words[2]};
  nats::worker worker(std::move(options));
  worker.serve<int, std::int64_t>("square", [](int n) { return std::int64_t{n} * n; });
  worker.serve<int, std::int64_t>("slow_square", [](int n) {
    std::this_thread::sleep_for(1ms);
    return std::int64_t{n} * n;
  });
  // It ends when the folder has a file "gate". What it has begun and done it marks with a byte.
  worker.serve<std::string, std::string>("gated", [](const std::string& path) {
    const auto mark = [&path](const char* name) {
      std::ofstream(path + name, std::ios::app) << '.';
    };
    mark(".began");
    while (!std::filesystem::exists(std::filesystem::path(path).parent_path() / "gate")) {
      std::this_thread::sleep_for(1ms);
    }
    mark(".done");
    return path + std::string(8'000'000, '.');  // it takes a while to hand over
  });
  worker.serve<int, int>("pid", [](int) { return static_cast<int>(::getpid()); });
  worker.serve<int, int>("slow", [](int n, parwork::context& about) {
    for (int i = 0; i < 5 && !about.stop_token().stop_requested(); ++i) {
      std::this_thread::sleep_for(1ms);
    }
    return n;
  });
  worker.serve<int, int>("poison", [](int n) {
    if (n == poison) ::raise(SIGKILL);
    return n;
  });
  worker.serve<std::string, std::string>("same", [](const std::string& text) { return text; });
  worker.serve<std::string, std::string>("grow", [](const std::string& text) {
    std::string much;
    for (int i = 0; i < 1'000; ++i) much += text;
    return much;
  });
  std::stop_source stop;
  std::jthread waits([&] {
    int signal = 0;
    sigwait(&signals, &signal);
    stop.request_stop();
  });
  std::puts("up");
  std::fflush(stdout);
  worker.run(stop.get_token());
  ::kill(::getpid(), SIGTERM);  // for the thread that waits for one
  return 0;
}

int submit_program(std::span<char*> words) {
  nats::cluster cluster({.url = words[0], .job = words[1], .heartbeat = 100ms, .lost_after = 1s});
  parwork::journal journal(words[2]);
  const int items = std::atoi(words[3]);
  int next = 0;
  const auto done = parwork::process(
      journal, [&] { return next < items ? std::optional(next++) : std::nullopt; },
      cluster.remote<int, std::int64_t>(words[4]),
      [](const parwork::completion<int, std::int64_t>& c) {
        std::printf("%d %lld.\n", c.item, static_cast<long long>(c.result.value()));
        std::fflush(stdout);
      },
      {.workers = 1});
  return done.failed == 0 ? 0 : 1;
}

// With the usual times: results of megabytes take longer than short heartbeats on a slow machine.
int submit_gated_program(std::span<char*> words) {
  nats::cluster cluster({.url = words[0], .job = words[1]});
  const int items = std::atoi(words[3]);
  int next = 0;
  const auto one = [&]() -> std::optional<std::string> {
    if (next == items) return std::nullopt;
    return words[2] + ("/" + std::to_string(next++));
  };
  const auto print = [](const parwork::completion<std::string, std::string>& c) {
    std::puts(c.item.c_str());
  };
  const auto done = parwork::process(one, cluster.remote<std::string, std::string>("gated"), print,
                                     {.workers = 1});
  return done.failed == 0 ? 0 : 1;
}

using program = int (*)(std::span<char*>);
const std::map<std::string_view, program> programs = {
    {"worker", worker_program}, {"submit", submit_program}, {"submit_gated", submit_gated_program}};

}  // namespace

int main(int argc, char** argv) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() == 1) return 1;
  try {
    const std::span words(argv, static_cast<std::size_t>(argc));
    return programs.at(words[1])(words.subspan(2));
  } catch (const nats::job_busy&) {
    return 3;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "cluster_program: %s\n", error.what());
    return 1;
  }
}
