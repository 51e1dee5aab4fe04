#include "support/arguments.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string_view>
#include <system_error>
#include <utility>

namespace bench {

std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, ',');) {
    if (!part.empty()) {
      parts.push_back(part);
    }
  }
  return parts;
}

arguments::arguments(int argc, char** argv, std::string usage) : usage_(std::move(usage)) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--help") {
      std::fputs(usage_.c_str(), stdout);
      std::exit(0);
    }
    if (!word.starts_with("--")) {
      refuse("unexpected argument '" + std::string(word) + "'");
    }
    const std::string_view option = word.substr(2);
    if (const auto equals = option.find('='); equals != std::string_view::npos) {
      given_[std::string(option.substr(0, equals))] = option.substr(equals + 1);
    } else if (i + 1 < argc) {
      given_[std::string(option)] = argv[++i];
    } else {
      refuse("--" + std::string(option) + " needs a value");
    }
  }
}

std::string arguments::text(const std::string& name, const std::string& fallback) {
  auto node = given_.extract(name);
  return node.empty() ? fallback : std::move(node.mapped());
}

std::vector<std::string> arguments::list(const std::string& name, const std::string& fallback) {
  return split_list(text(name, fallback));
}

std::uint64_t arguments::number(const std::string& name, std::uint64_t fallback,
                                std::uint64_t lowest, std::uint64_t highest) {
  const std::string given = text(name, std::to_string(fallback));
  std::uint64_t value = 0;
  const char* end = given.data() + given.size();
  const auto [stopped, error] = std::from_chars(given.data(), end, value);
  if (error != std::errc{} || stopped != end || value < lowest || value > highest) {
    refuse("--" + name + " takes a whole number from " + std::to_string(lowest) + " to " +
           std::to_string(highest) + ", not '" + given + "'");
  }
  return value;
}

std::string arguments::choice(const std::string& name, const std::vector<std::string>& allowed) {
  std::string given = text(name, allowed.front());
  if (std::ranges::find(allowed, given) == allowed.end()) {
    std::string all;
    for (const std::string& one : allowed) {
      all += all.empty() ? one : ", " + one;
    }
    refuse("--" + name + " is one of " + all + ", not '" + given + "'");
  }
  return given;
}

void arguments::done() const {
  if (!given_.empty()) {
    refuse("no such option: --" + given_.begin()->first);
  }
}

void arguments::refuse(const std::string& message) const {
  std::fprintf(stderr, "%s\n%s", message.c_str(), usage_.c_str());
  std::exit(2);
}

}  // namespace bench
