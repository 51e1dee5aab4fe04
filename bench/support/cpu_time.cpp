#include "support/cpu_time.hpp"

#include <unistd.h>

#include <charconv>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace bench {

namespace {

namespace fs = std::filesystem;

std::vector<pid_t> other_threads() {
  std::vector<pid_t> found;
  std::error_code gone;
  for (const fs::directory_entry& entry : fs::directory_iterator("/proc/self/task", gone)) {
    const std::string name = entry.path().filename();
    pid_t id = 0;
    std::from_chars(name.data(), name.data() + name.size(), id);
    if (id != ::gettid()) {
      found.push_back(id);
    }
  }
  return found;
}

// The clock of one thread, as the kernel encodes it (include/linux/posix-timers_types.h).
clockid_t clock_of(pid_t thread) {
  constexpr unsigned per_thread = 4;
  constexpr unsigned scheduled_time = 2;
  return static_cast<clockid_t>(~static_cast<unsigned>(thread) << 3 | per_thread | scheduled_time);
}

bool is_running(pid_t thread) {
  std::ifstream file("/proc/self/task/" + std::to_string(thread) + "/stat");
  std::string line;
  std::getline(file, line);
  const auto name_end = line.rfind(')');  // the name may hold anything
  return name_end != std::string::npos && line.compare(name_end, 4, ") R ") == 0;
}

bool another_runs() {
  for (const pid_t thread : other_threads()) {
    if (is_running(thread)) {
      return true;
    }
  }
  return false;
}

}  // namespace

double cpu_watch::now() {
  timespec used{};
  // To read the clock of a thread brings its share in that of the process up to date.
  for (const pid_t thread : other_threads()) {
    ::clock_gettime(clock_of(thread), &used);
  }
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return 1e9 * static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec);
}

void settle() {
  for (int naps = 0; naps < 50; ++naps) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (!another_runs()) {
      return;
    }
  }
}

}  // namespace bench
