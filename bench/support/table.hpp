// Markdown tables that are readable in a terminal as well.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace bench {

/// First column to the left, the others to the right; short rows are filled with empty cells.
class table {
 public:
  explicit table(std::vector<std::string> header) : header_(std::move(header)) {}

  void add(std::vector<std::string> row);

  friend std::ostream& operator<<(std::ostream& out, const table& t);

 private:
  std::vector<std::string> header_;
  std::vector<std::vector<std::string>> rows_;
};

/// `value` with a fixed number of digits after the point.
std::string fixed(double value, int digits = 0);

/// A time in the unit that suits it: "3.2 ns", "840 us", "31 ms".
std::string readable_ns(double ns);

}  // namespace bench
