// Processes beside the benchmark: other programs, clean rooms for a measurement, and busy
// neighbours.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

namespace bench {

/// What a command's standard error becomes.
enum class errors { shown, dropped };

/// What `command` prints on standard output. Throws std::runtime_error where it cannot be run or
/// fails.
std::string output_of(const std::vector<std::string>& command, errors told = errors::shown);

/// The text behind `key=` in a line of such words. Throws std::runtime_error, naming `who` printed
/// the line, where there is none.
std::string value_of(const std::string& line, const std::string& key, const std::string& who);

/// Runs `measure` in a forked process, so that no thread, cache or page of an earlier measurement
/// is left in it, and returns what it returned. REQUIRES: this process has one thread. Throws
/// std::runtime_error where it fails.
std::vector<double> in_child(const std::function<std::vector<double>()>& measure);

/// Processes that keep a core busy each, from construction to destruction.
/// REQUIRES at construction: this process has one thread.
class neighbours {
 public:
  explicit neighbours(unsigned count);
  ~neighbours();
  neighbours(const neighbours&) = delete;
  neighbours& operator=(const neighbours&) = delete;

 private:
  std::vector<pid_t> pids_;
};

}  // namespace bench
