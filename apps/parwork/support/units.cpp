#include "support/units.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <memory>
#include <optional>
#include <utility>

#include "parwork/cpus.hpp"
#include "support/error.hpp"

namespace cli {
namespace {

constexpr unsigned most_workers = 100'000;

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

// The number that `text` begins with; what follows it stays in `text`.
std::optional<double> take_number(std::string_view& text) {
  double value = 0;
  const auto [end, fault] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (fault != std::errc() || !(value >= 0)) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

std::optional<double> seconds_in(std::string_view unit) {
  constexpr std::array<std::pair<std::string_view, double>, 5> units{
      {{"", 1.0}, {"ms", 0.001}, {"s", 1.0}, {"m", 60.0}, {"h", 3600.0}}};
  const auto found = std::ranges::find(units, unit, &std::pair<std::string_view, double>::first);
  if (found == units.end()) return std::nullopt;
  return found->second;
}

std::optional<double> bytes_in(std::string_view unit) {
  if (unit.empty()) return 1;
  if (unit.size() > 1) return std::nullopt;
  switch (unit.front()) {
    case 'k':
    case 'K':
      return 1024.0;
    case 'M':
      return 1024.0 * 1024.0;
    case 'G':
      return 1024.0 * 1024.0 * 1024.0;
    default:
      return std::nullopt;
  }
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The byte of "xHH" behind a backslash; takes it from `text`.
char take_hex(std::string_view& text) {
  const int high = text.size() > 1 ? hex_digit(text[1]) : -1;
  const int low = text.size() > 2 ? hex_digit(text[2]) : -1;
  if (high < 0 || low < 0) throw error("\\x takes two hexadecimal digits, as in \\x1f");
  text.remove_prefix(3);
  return static_cast<char>(high * 16 + low);
}

// What a backslash and the front of `text` stand for; takes it from `text`.
std::string take_escape(std::string_view& text) {
  if (text.empty()) return "\\";
  const char c = text.front();
  if (c == 'x') return std::string(1, take_hex(text));
  text.remove_prefix(1);
  switch (c) {
    case 't':
      return "\t";
    case 'n':
      return "\n";
    case 'r':
      return "\r";
    case '0':
      return std::string(1, '\0');
    case '\\':
      return "\\";
    default:
      return std::string{'\\', c};
  }
}

}  // namespace

std::chrono::nanoseconds parse_duration(std::string_view text) {
  std::string_view rest = text;
  const auto number = take_number(rest);
  const auto unit = seconds_in(rest);
  constexpr double most = 10.0 * 365 * 24 * 3600;
  if (!number || !unit || *number * *unit > most) {
    throw error(quoted(text) + " is no time: give a number with ms, s, m or h (bare: seconds)");
  }
  return std::chrono::nanoseconds(std::llround(*number * *unit * 1e9));
}

std::chrono::nanoseconds nanoseconds_of(double seconds) noexcept {
  constexpr double longest = 140.0 * 365 * 24 * 3600;
  if (!(seconds > 0)) return std::chrono::nanoseconds(0);
  return std::chrono::nanoseconds(static_cast<std::int64_t>(std::min(seconds, longest) * 1e9));
}

std::uint64_t parse_size(std::string_view text) {
  std::string_view rest = text;
  const auto number = take_number(rest);
  const auto unit = bytes_in(rest);
  constexpr double most = 1e15;
  if (!number || !unit || *number * *unit > most) {
    throw error(quoted(text) + " is no size: give a number of bytes, or one with K, M or G");
  }
  return static_cast<std::uint64_t>(*number * *unit);
}

std::uint64_t parse_count(std::string_view text, std::uint64_t least, std::uint64_t most) {
  std::uint64_t value = 0;
  const char* const end = std::to_address(text.end());
  const auto [stop, fault] = std::from_chars(std::to_address(text.begin()), end, value);
  if (fault != std::errc() || stop != end || value < least || value > most) {
    throw error(quoted(text) + " is no whole number from " + std::to_string(least) + " to " +
                std::to_string(most));
  }
  return value;
}

unsigned parse_workers(std::string_view text) {
  if (!text.ends_with('%')) {
    const auto workers = static_cast<unsigned>(parse_count(text, 0, most_workers));
    return workers == 0 ? most_at_once() : workers;
  }
  const std::uint64_t share = parse_count(text.substr(0, text.size() - 1), 1, 10'000);
  const std::uint64_t workers = parwork::available_cpus() * share / 100;
  return static_cast<unsigned>(std::clamp<std::uint64_t>(workers, 1, most_workers));
}

bool looks_like_workers(std::string_view text) noexcept {
  if (text.ends_with('%')) text.remove_suffix(1);
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

unsigned most_at_once() noexcept {
  constexpr rlim_t most = 65'536;  // as many as a report can show
  constexpr rlim_t files_of_run = 40;
  constexpr rlim_t files_of_job = 5;  // two of them with --results alone
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  const rlim_t for_jobs = files.rlim_max > files_of_run ? files.rlim_max - files_of_run : 0;
  return static_cast<unsigned>(std::clamp<rlim_t>(for_jobs / files_of_job, 1, most));
}

std::string parse_literal(std::string_view text) {
  if (text.empty()) throw error("it is empty, and would separate everything");
  std::string value;
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c == '\\') {
      value += take_escape(text);
    } else {
      value += c;
    }
  }
  return value;
}

bool is_utf8(std::string_view bytes) noexcept {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  for (std::size_t i = 0; i < bytes.size();) {
    const unsigned first = at(i);
    const std::size_t more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    if (more > 0 && (first < 0xc2 || first > 0xf4)) return false;
    if (i + more >= bytes.size()) return false;
    for (std::size_t k = 1; k <= more; ++k) {
      if ((at(i + k) & 0xc0U) != 0x80) return false;
    }
    if (more >= 2) {  // no longer forms, no surrogates, nothing above U+10FFFF
      const unsigned second = at(i + 1);
      if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
          (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f)) {
        return false;
      }
    }
    i += more + 1;
  }
  return true;
}

std::string readable_duration(std::chrono::nanoseconds time) {
  const double seconds = std::chrono::duration<double>(time).count();
  std::array<char, 48> text{};
  if (seconds < 60) {
    std::snprintf(text.data(), text.size(), "%.1f s", seconds);
  } else if (seconds < 3600) {
    std::snprintf(text.data(), text.size(), "%d min %d s", static_cast<int>(seconds / 60),
                  static_cast<int>(std::fmod(seconds, 60)));
  } else {
    std::snprintf(text.data(), text.size(), "%d h %d min", static_cast<int>(seconds / 3600),
                  static_cast<int>(std::fmod(seconds, 3600) / 60));
  }
  return text.data();
}

}  // namespace cli
