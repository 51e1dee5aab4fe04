// Command lines of the benchmarks: `--name value` or `--name=value`, nothing else.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace bench {

/// Every getter names an option that exists; `done()` then refuses what nobody asked about. Bad
/// usage ends the program with a message on standard error and status 2, `--help` with the usage
/// text and status 0.
class arguments {
 public:
  arguments(int argc, char** argv, std::string usage);

  std::string text(const std::string& name, const std::string& fallback);
  /// Comma-separated.
  std::vector<std::string> list(const std::string& name, const std::string& fallback);
  std::uint64_t number(const std::string& name, std::uint64_t fallback, std::uint64_t lowest = 1,
                       std::uint64_t highest = 1'000'000'000);
  /// One of `allowed`; the first is the default.
  std::string choice(const std::string& name, const std::vector<std::string>& allowed);

  /// Call after the last getter.
  void done() const;

  /// Ends the program: a message, the usage text, status 2.
  [[noreturn]] void refuse(const std::string& message) const;

 private:
  std::string usage_;
  std::map<std::string, std::string> given_;
};

/// `text` split at each comma; no empty parts.
std::vector<std::string> split_list(const std::string& text);

}  // namespace bench
