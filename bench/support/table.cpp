#include "support/table.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ostream>
#include <utility>

namespace bench {

namespace {

void print_row(std::ostream& out, const std::vector<std::string>& row,
               const std::vector<std::size_t>& widths) {
  out << '|';
  for (std::size_t column = 0; column < widths.size(); ++column) {
    const std::string fill(widths[column] - row[column].size(), ' ');
    out << ' ' << (column == 0 ? row[column] + fill : fill + row[column]) << " |";
  }
  out << '\n';
}

}  // namespace

void table::add(std::vector<std::string> row) {
  row.resize(header_.size());
  rows_.push_back(std::move(row));
}

std::ostream& operator<<(std::ostream& out, const table& t) {
  std::vector<std::size_t> widths;
  for (std::size_t column = 0; column < t.header_.size(); ++column) {
    std::size_t width = std::max<std::size_t>(t.header_[column].size(), 3);
    for (const auto& row : t.rows_) {
      width = std::max(width, row[column].size());
    }
    widths.push_back(width);
  }
  print_row(out, t.header_, widths);
  out << '|';
  for (std::size_t column = 0; column < widths.size(); ++column) {
    const std::string line(widths[column], '-');
    out << (column == 0 ? " " + line + " |" : " " + line + ":|");
  }
  out << '\n';
  for (const auto& row : t.rows_) {
    print_row(out, row, widths);
  }
  return out;
}

std::string fixed(double value, int digits) {
  std::array<char, 64> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.*f", digits, value);
  return buffer.data();
}

std::string readable_ns(double ns) {
  constexpr std::array<std::pair<double, const char*>, 4> units{
      {{1e9, " s"}, {1e6, " ms"}, {1e3, " us"}, {1.0, " ns"}}};
  for (const auto& [size, name] : units) {
    if (ns >= size) {
      const double value = ns / size;
      return fixed(value, value < 10 ? 2 : value < 100 ? 1 : 0) + name;
    }
  }
  return fixed(ns, 2) + " ns";
}

}  // namespace bench
