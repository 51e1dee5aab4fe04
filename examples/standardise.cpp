// standardise: scales each column of a table of numbers to mean 0 and deviation 1.
//
// Shows: `refs`, for work in place. An item is a reference to a column; work changes the column
// itself, and neither it nor any number is copied.
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <numeric>
#include <parwork/parwork.hpp>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "common/interrupt.hpp"
#include "common/program.hpp"

namespace {

constexpr std::string_view usage =
    R"(usage: standardise [--workers N] [FILE]

Reads a table from the file, or from standard input: a row a line, numbers between white space.
Prints it with each column scaled to mean 0 and standard deviation 1. A column of equal numbers
becomes 0.

  --workers N   threads (default: the CPUs that may be used)

Exit status: 0 done; 1 the table could not be read, or the output was lost; 2 bad usage;
130 interrupted.
)";

using column = std::vector<double>;

std::vector<double> numbers_of(const std::string& line, std::uint64_t number) {
  std::istringstream words(line);
  std::vector<double> row;
  for (std::string word; words >> word;) {
    double value = 0;
    const char* const end = word.data() + word.size();
    const auto [stopped_at, error] = std::from_chars(word.data(), end, value);
    if (error != std::errc() || stopped_at != end) {
      throw std::runtime_error(
          std::string("line ").append(std::to_string(number)).append(": no number: ").append(word));
    }
    row.push_back(value);
  }
  return row;
}

std::vector<column> read_table(std::istream& input) {
  std::vector<column> table;
  std::uint64_t number = 0;
  for (std::string line; std::getline(input, line);) {
    const std::vector<double> row = numbers_of(line, ++number);
    if (number == 1) table.resize(row.size());
    if (row.size() != table.size()) {
      throw std::runtime_error(std::string("line ")
                                   .append(std::to_string(number))
                                   .append(": not as many numbers as in line 1"));
    }
    for (std::size_t i = 0; i < row.size(); ++i) table[i].push_back(row[i]);
  }
  if (!input.eof()) throw std::runtime_error("cannot read the table");
  return table;
}

// [standardise]
void standardise(column& numbers) {
  const auto count = static_cast<double>(numbers.size());
  const double mean = std::accumulate(numbers.begin(), numbers.end(), 0.0) / count;
  double squares = 0;
  for (double& number : numbers) {
    number -= mean;
    squares += number * number;
  }
  const double deviation = std::sqrt(squares / count);
  for (double& number : numbers) number = deviation > 0 ? number / deviation : 0;
}
// [/standardise]

void print_table(const std::vector<column>& table) {
  const std::size_t rows = table.empty() ? 0 : table.front().size();
  for (std::size_t row = 0; row < rows; ++row) {
    const char* between = "";
    for (const column& numbers : table) {
      std::printf("%s%.6f", between, numbers[row]);
      between = " ";
    }
    std::putchar('\n');
  }
  examples::flush_output();
}

int body(examples::arguments& words) {
  const auto workers = static_cast<unsigned>(words.number("--workers", 0, 0, parwork::max_workers));
  const std::vector<std::string> names = words.operands();
  if (names.size() > 1) throw examples::usage_error("one table at a time, not " + names[1]);
  std::ifstream file;
  if (!names.empty()) file.open(names.front());
  std::vector<column> table = read_table(names.empty() ? std::cin : file);
  // Not before: until here Ctrl-C ends the program at once, also while it waits for input.
  const examples::interrupt ctrl_c;

  // [run]
  const parwork::summary summary =
      parwork::process(parwork::split(parwork::refs(table)), standardise, [] {},
                       {.workers = workers, .stop = ctrl_c.token()});
  // [/run]

  std::cerr << summary << '\n';
  if (summary.stopped) return examples::interrupted;
  print_table(table);
  return examples::all_done;
}

}  // namespace

int main(int argc, char** argv) { return examples::run_program(argc, argv, usage, body); }
