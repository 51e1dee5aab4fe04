// cluster_md5: the MD5 of every regular file below a directory, hashed by workers on any number of
// machines that see the same files.
//
// Shows: a worker program (`serve`, `run`, an end by SIGTERM or Ctrl-C that gives back what is not
// begun), and a submitter, which is the same call of `process` with `cluster.remote` as its work.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <expected>
#include <filesystem>
#include <iostream>
#include <optional>
#include <parwork/nats.hpp>
#include <parwork/parwork.hpp>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "common/md5.hpp"
#include "common/program.hpp"

namespace {

namespace fs = std::filesystem;
using digest = examples::md5_digest;

constexpr std::string_view usage =
    R"(usage: cluster_md5 worker [--url URL] [--threads N] [--pause MS]
       cluster_md5 run [--url URL] [--job NAME] [--report FILE] [--] DIRECTORY

worker: hashes files for whoever asks at the server, until it is stopped.
run: prints the MD5 of every regular file below DIRECTORY, as md5sum does, in no order. The workers
see the files under the same names.

  --url URL      the server (default: nats://127.0.0.1:4222)
  --threads N    files hashed at once (default: the CPUs that may be used)
  --pause MS     milliseconds that each file takes longer: to have time to watch
  --job NAME     a submitter that is started again under this name takes over what workers kept
  --report FILE  an HTML report, with a lane for each thread of each worker

Exit status: 0 all hashed; 1 some were not, or there is no server; 2 bad usage; 130 interrupted.
)";

constexpr const char* usual_url = "nats://127.0.0.1:4222";

/// SIGTERM and SIGINT request a stop of their own thread's making, once. Make it before any other
/// thread is started: they all leave these signals to it.
class stop_by_signal {
 public:
  stop_by_signal() {
    sigemptyset(&signals_);
    for (const int each : {SIGTERM, SIGINT}) sigaddset(&signals_, each);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    thread_ = std::jthread([this](const std::stop_token& over) {
      constexpr timespec a_moment{.tv_sec = 0, .tv_nsec = 50'000'000};
      while (!over.stop_requested()) {
        if (sigtimedwait(&signals_, nullptr, &a_moment) > 0) stop_.request_stop();
      }
    });
  }
  [[nodiscard]] std::stop_token token() const { return stop_.get_token(); }

 private:
  sigset_t signals_{};
  std::stop_source stop_;
  std::jthread thread_;
};

std::expected<digest, std::error_code> hash_file(examples::md5_hasher& md5, const fs::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return std::unexpected(std::error_code(errno, std::generic_category()));
  std::array<std::byte, std::size_t{64} * 1024> buffer;
  md5.start();
  ssize_t count = 0;
  while ((count = ::read(file, buffer.data(), buffer.size())) > 0) {
    md5.add(std::span(buffer).first(static_cast<std::size_t>(count)));
  }
  const std::error_code fault(count < 0 ? errno : 0, std::generic_category());
  ::close(file);
  if (fault) return std::unexpected(fault);
  return md5.finish();
}

int worker(examples::arguments& words, const std::string& url) {
  const auto threads = static_cast<unsigned>(words.number("--threads", 0, 0, 4'096));
  const std::chrono::milliseconds pause(words.number("--pause", 0, 0, 60'000));
  if (!words.operands().empty()) throw examples::usage_error("a worker has no operands");
  const stop_by_signal stop;
  const examples::md5_algorithm algorithm;
  // [worker]
  parwork::nats::worker worker({.url = url, .workers = threads});
  worker.serve<fs::path, digest>(
      "md5", parwork::per_worker([&] { return examples::md5_hasher(algorithm); },
                                 [pause](examples::md5_hasher& md5, const fs::path& path) {
                                   std::this_thread::sleep_for(pause);
                                   return hash_file(md5, path);
                                 }));
  worker.run(stop.token());
  // [/worker]
  return examples::all_done;
}

int run(examples::arguments& words, const std::string& url) {
  const std::string job = words.value("--job").value_or("");
  const std::optional<std::string> report = words.value("--report");
  const std::vector<std::string> operands = words.operands();
  if (operands.size() != 1) throw examples::usage_error("one directory is needed");
  const stop_by_signal stop;
  parwork::recorder recorder;
  const auto print = [](const parwork::completion<fs::path, digest>& done) {
    if (done.result) {
      std::printf("%s  %s\n", examples::to_hex(*done.result).c_str(), done.item.c_str());
    } else {
      std::cerr << "cluster_md5: " << done.item.string() << ": " << done.result.error() << '\n';
    }
  };
  // [run]
  parwork::nats::cluster cluster({.url = url, .job = job});
  const parwork::summary summary = parwork::process(
      parwork::files(fs::canonical(operands[0])), cluster.remote<fs::path, digest>("md5"), print,
      {.workers = 1, .stop = stop.token(), .record = report ? &recorder : nullptr});
  // [/run]
  examples::flush_output();
  if (report) recorder.write_report(*report);
  std::cerr << summary << '\n';
  if (summary.stopped) return examples::interrupted;
  return summary.failed > 0 ? examples::some_failed : examples::all_done;
}

int body(examples::arguments& words) {
  const std::string verb = words.first();
  const std::string url = words.value("--url").value_or(usual_url);
  if (verb == "worker") return worker(words, url);
  if (verb == "run") return run(words, url);
  throw examples::usage_error("the first word is worker or run");
}

}  // namespace

int main(int argc, char** argv) { return examples::run_program(argc, argv, usage, body); }
