#include "support/results.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ostream>
#include <string_view>

#include "support/statistics.hpp"

namespace bench {

namespace {

// Our own texts: no control characters to escape.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
    }
    out += c;
  }
  return out + '"';
}

std::string number(double value) {
  std::array<char, 32> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.9g", value);
  return buffer.data();
}

using fields = std::vector<std::pair<std::string, double>>;

void print_fields(std::ostream& out, const fields& all) {
  const char* separator = "";
  for (const auto& [name, value] : all) {
    out << separator << quoted(name) << ": " << number(value);
    separator = ", ";
  }
}

fields numbers_of(const std::vector<double>& samples) {
  return {{"samples", static_cast<double>(samples.size())},
          {"median", median(samples)},
          {"q1", percentile(samples, 0.25)},
          {"q3", percentile(samples, 0.75)},
          {"least", percentile(samples, 0)},
          {"most", percentile(samples, 1)},
          {"deviation", median_deviation(samples)}};
}

}  // namespace

void results::add(const subject& who, const std::string& which_case, const std::string& metric,
                  const std::vector<double>& samples) {
  figures_.push_back({who, which_case, metric, samples});
}

void results::add_sample(const subject& who, const std::string& which_case,
                         const std::string& metric, double sample) {
  const auto found = std::ranges::find_if(figures_, [&](const figure& f) {
    return f.who.peer == who.peer && f.which_case == which_case && f.metric == metric;
  });
  if (found == figures_.end()) {
    add(who, which_case, metric, {sample});
  } else {
    found->samples.push_back(sample);
  }
}

std::ostream& operator<<(std::ostream& out, const results& all) {
  out << "{\"program\": " << quoted(all.program_) << ",\n \"conditions\": {";
  print_fields(out, all.conditions_);
  out << "},\n \"notes\": [";
  const char* separator = "";
  for (const std::string& sentence : all.notes_) {
    out << separator << quoted(sentence);
    separator = ", ";
  }
  out << "],\n \"figures\": [";
  separator = "\n  ";
  for (const auto& f : all.figures_) {
    out << separator << "{\"peer\": " << quoted(f.who.peer)
        << ", \"label\": " << quoted(f.who.label) << ", \"case\": " << quoted(f.which_case)
        << ", \"metric\": " << quoted(f.metric) << ", ";
    print_fields(out, numbers_of(f.samples));
    out << '}';
    separator = ",\n  ";
  }
  return out << "\n ]}\n";
}

}  // namespace bench
