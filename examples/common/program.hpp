// What every example's main does: options, --help, error messages and exit statuses.
//
// Thread safety: none needed, it is used before the run and after it.
#pragma once

#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace examples {

/// The exit statuses of the examples.
enum exit_status : int {
  all_done = 0,
  some_failed = 1,    ///< some items failed, or nothing was found, or the output was lost
  bad_usage = 2,      ///< said on standard error before anything was done
  interrupted = 130,  ///< Ctrl-C, as shells report it
};

/// The command line cannot be used. `what()` names the option or the argument.
class usage_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The words of a command line. Each option is taken out by its name, in any order; what is left
/// are the operands. `--name value` and `--name=value` mean the same; `--` ends the options.
class arguments {
 public:
  arguments(int argc, char** argv) : words_(argv + (argc > 0 ? 1 : 0), argv + argc) {}

  /// Takes `name` out; whether it was there.
  bool flag(std::string_view name) {
    for (std::size_t at = 0; at < options_end(); ++at) {
      if (words_[at] != name) continue;
      erase(at, 1);
      return true;
    }
    return false;
  }

  /// Takes `name` and its value out. The last one counts where it was given twice.
  std::optional<std::string> value(std::string_view name) {
    std::optional<std::string> found;
    for (std::size_t at = 0; at < options_end();) {
      const std::string word = words_[at];
      if (word == name) {
        if (at + 1 >= words_.size()) throw usage_error(std::string(name) + " needs a value");
        found = words_[at + 1];
        erase(at, 2);
      } else if (word.starts_with(std::string(name) + '=')) {
        found = word.substr(name.size() + 1);
        erase(at, 1);
      } else {
        ++at;
      }
    }
    return found;
  }

  /// Takes `name` and its value out, a whole number from `least` to `most`.
  std::uint64_t number(std::string_view name, std::uint64_t otherwise, std::uint64_t least = 0,
                       std::uint64_t most = std::numeric_limits<std::uint64_t>::max()) {
    const std::optional<std::string> text = value(name);
    if (!text) return otherwise;
    std::uint64_t number = 0;
    const char* const end = text->data() + text->size();
    const auto [stopped_at, error] = std::from_chars(text->data(), end, number);
    if (error != std::errc() || stopped_at != end || number < least || number > most) {
      throw usage_error(std::string(name) + ": '" + *text + "' is no whole number from " +
                        std::to_string(least) + " to " + std::to_string(most));
    }
    return number;
  }

  /// Takes the first word out: of a program with several commands. Empty where there is none.
  std::string first() {
    if (words_.empty()) return {};
    std::string word = words_.front();
    erase(0, 1);
    return word;
  }

  /// What is left when every option has been taken out. Throws where an unknown option is left.
  std::vector<std::string> operands() {
    const std::size_t end = options_end();
    for (std::size_t at = 0; at < end; ++at) {
      if (words_[at].starts_with('-') && words_[at] != "-") {
        throw usage_error("unknown option " + words_[at]);
      }
    }
    if (end < words_.size()) erase(end, 1);
    return std::exchange(words_, {});
  }

 private:
  std::size_t options_end() const {
    std::size_t end = 0;
    while (end < words_.size() && words_[end] != "--") ++end;
    return end;
  }

  void erase(std::size_t at, std::size_t count) {
    const auto first = words_.begin() + static_cast<std::ptrdiff_t>(at);
    words_.erase(first, first + static_cast<std::ptrdiff_t>(count));
  }

  std::vector<std::string> words_;
};

/// Runs `body` and turns what leaves it into an exit status: its own status, 2 for a usage_error,
/// 1 for other exceptions, both with a message on standard error. `--help` prints `usage` instead.
inline int run_program(int argc, char** argv, std::string_view usage, int (*body)(arguments&)) {
  const std::string name =
      argc > 0 ? std::filesystem::path(argv[0]).filename().string() : std::string("example");
  try {
    arguments words(argc, argv);
    if (words.flag("--help")) {
      std::fwrite(usage.data(), 1, usage.size(), stdout);
      return std::fflush(stdout) == 0 ? all_done : some_failed;
    }
    return body(words);
  } catch (const usage_error& error) {
    std::fprintf(stderr, "%s: %s\nTry '%s --help'.\n", name.c_str(), error.what(), name.c_str());
    return bad_usage;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", name.c_str(), error.what());
    return some_failed;
  }
}

/// Flushes standard output. Throws `std::system_error` where something written to it was lost: a
/// full disk, a closed pipe.
inline void flush_output() {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return;
  throw std::system_error(errno, std::generic_category(), "cannot write to standard output");
}

}  // namespace examples
