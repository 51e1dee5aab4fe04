// What it costs to have items done by a worker in another process, over a real server: the same
// items by local threads and by one worker, in turn, and how long one item takes there and back.
//
//   bench_remote [ROUNDS]            prints the tables (default: 5 rounds, medians)
//   bench_remote worker URL THREADS  the other process
//
// An item is a string of so many bytes, its result a number. Submitter, server and worker share the
// processors of this machine. The submitter's CPU time an item is that of its process.
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <parwork/nats.hpp>
#include <parwork/parwork.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

namespace fs = std::filesystem;
namespace nats = parwork::nats;
using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using seconds = std::chrono::duration<double>;

constexpr std::array<std::size_t, 3> sizes = {1, 16, 256};  // bytes
constexpr std::array<std::chrono::microseconds, 4> lengths = {0us, 1us, 10us, 100us};

std::uint64_t compute(const std::string& item, std::chrono::microseconds length) {
  std::uint64_t sum = 0;
  for (const char each : item) sum = sum * 31 + static_cast<unsigned char>(each);
  if (length == 0us) return sum;
  const auto end = clock::now() + length;
  while (clock::now() < end) sum += 1;
  return sum;
}

std::string name_of(std::chrono::microseconds length) {
  return "spin" + std::to_string(length.count());
}

int worker(const std::string& url, unsigned threads) {
  nats::worker serving({.url = url, .workers = threads});
  for (const auto length : lengths) {
    serving.serve<std::string, std::uint64_t>(
        name_of(length), [length](const std::string& item) { return compute(item, length); });
  }
  serving.run();
  return 0;
}

// A program of this test's own, ended with it.
class process {
 public:
  explicit process(std::vector<std::string> words) : pid_(::fork()) {
    if (pid_ < 0) throw std::runtime_error("cannot fork");
    if (pid_ > 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    ::execvp(argv[0], argv.data());
    ::_exit(127);
  }
  process(const process&) = delete;
  process& operator=(const process&) = delete;
  ~process() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

 private:
  pid_t pid_;
};

// The server's port is in a file that it writes when it listens.
std::string url_of(const process& server, const fs::path& folder) {
  const fs::path file = folder / ("nats-server_" + std::to_string(server.pid()) + ".ports");
  constexpr std::string_view mark = "127.0.0.1:";
  for (int i = 0; i < 500; ++i) {
    std::ifstream in(file);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    const auto at = text.find(mark);
    if (at != std::string::npos && text.find('}') != std::string::npos) {
      return "nats://127.0.0.1:" + std::to_string(std::atoi(text.c_str() + at + mark.size()));
    }
    std::this_thread::sleep_for(10ms);
  }
  throw std::runtime_error("nats-server does not start (Debian: nats-server)");
}

double cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto of = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return of(used.ru_utime) + of(used.ru_stime);
}

struct figures {
  double rate = 0;    // items a second
  double cpu_ns = 0;  // of this process, an item
};

template <class Work>
figures measure(std::size_t size, std::uint64_t items, Work work, parwork::options how) {
  const std::string item(size, 'x');
  std::uint64_t sum = 0;
  const double cpu = cpu_seconds();
  const auto start = clock::now();
  const auto done = parwork::process(
      [&, left = items]() mutable { return left-- > 0 ? std::optional(item) : std::nullopt; },
      std::move(work), [&](std::uint64_t result) { sum += result; }, std::move(how));
  const double took = seconds(clock::now() - start).count();
  if (done.failed > 0 || sum == 1) throw std::runtime_error("items have failed");
  const auto count = static_cast<double>(items);
  return {count / took, (cpu_seconds() - cpu) / count * 1e9};
}

template <class Figure>
double median(std::vector<figures> all, Figure figure) {
  std::vector<double> values;
  for (const figures& each : all) values.push_back(each.*figure);
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2));
  return values[values.size() / 2];
}

void compare(const nats::cluster& cluster, std::size_t size, std::chrono::microseconds length,
             int rounds) {
  const auto remote = cluster.remote<std::string, std::uint64_t>(name_of(length));
  const std::uint64_t items = length == 0us    ? 1'000'000
                              : length == 1us  ? 500'000
                              : length == 10us ? 60'000
                                               : 8'000;
  std::vector<figures> here, there;
  static_cast<void>(measure(size, items / 10, remote, {.workers = 1, .queue = 100'000}));
  for (int i = 0; i < rounds; ++i) {
    here.push_back(measure(size, items, [&](const std::string& s) { return compute(s, length); },
                           {.queue = 10'000}));
    there.push_back(measure(size, items, remote, {.workers = 1, .queue = 100'000}));
  }
  std::printf("| %zu | %lld | %.2f M | %.2f M | %.0f |\n", size,
              static_cast<long long>(length.count()), median(here, &figures::rate) / 1e6,
              median(there, &figures::rate) / 1e6, median(there, &figures::cpu_ns));
  std::fflush(stdout);
}

void there_and_back(const nats::cluster& cluster) {
  const auto remote = cluster.remote<std::string, std::uint64_t>(name_of(0us));
  std::vector<double> took;
  auto sent = clock::now();
  int left = 2'000;
  static_cast<void>(parwork::process(
      [&]() -> std::optional<std::string> {
        sent = clock::now();
        return left-- > 0 ? std::optional(std::string(16, 'x')) : std::nullopt;
      },
      remote, [&](std::uint64_t) { took.push_back(seconds(clock::now() - sent).count() * 1e3); },
      {.workers = 1, .queue = 1}));
  std::ranges::sort(took);
  std::printf("\nOne item there and back: %.2f ms (p50), %.2f ms (p99).\n", took[took.size() / 2],
              took[took.size() * 99 / 100]);
}

int tables(const std::string& own_program, int rounds) {
  const fs::path folder =
      fs::temp_directory_path() / ("bench_remote_" + std::to_string(::getpid()));
  fs::create_directory(folder);
  {
    const process server({"nats-server", "-a", "127.0.0.1", "-p", "-1", "--ports_file_dir",
                          folder.string(), "-l", (folder / "log").string()});
    const std::string url = url_of(server, folder);
    const process other({own_program, "worker", url, "1"});
    const nats::cluster cluster({.url = url});
    std::printf("| bytes | us of work | local items/s | remote items/s | submitter CPU ns |\n");
    std::printf("|---|---|---|---|---|\n");
    for (const std::size_t size : sizes) {
      for (const auto length : lengths) compare(cluster, size, length, rounds);
    }
    there_and_back(cluster);
  }
  fs::remove_all(folder);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv, argv + argc);
  ::setenv("PATH", (std::string(std::getenv("PATH")) + ":/usr/sbin").c_str(), 1);
  try {
    if (words.size() == 4 && words[1] == "worker") {
      return worker(words[2], static_cast<unsigned>(std::stoi(words[3])));
    }
    return tables(words[0], words.size() > 1 ? std::stoi(words[1]) : 5);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_remote: %s\n", error.what());
    return 1;
  }
}
