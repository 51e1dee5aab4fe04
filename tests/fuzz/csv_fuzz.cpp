// A table of CSV, through a pipe. It is refused by an error that names a line, or its records are
// read, and what is written of their fields, each in quotes, is read as the same.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "fuzz.hpp"
#include "input/csv_source.hpp"
#include "support/error.hpp"

namespace {

constexpr std::size_t most_of_pipe = 32768;  // less than any pipe holds: no thread has to read

using table = std::vector<std::vector<std::string>>;

table read_table(const std::string& bytes) {
  std::array<int, 2> ends{};
  fuzz::require(pipe2(ends.data(), O_CLOEXEC) == 0, "there is a pipe");
  cli::descriptor from(ends[0]), to(ends[1]);
  const auto written = write(to.get(), bytes.data(), bytes.size());
  fuzz::require(written == static_cast<ssize_t>(bytes.size()), "the pipe has room");
  to.reset();
  const auto source = cli::csv_records_of(cli::stream_of(std::move(from), "fuzz"), ',', {});
  table records;
  while (auto next = source->next()) {
    fuzz::require(!next->columns.empty() && next->whole, "a record has a field");
    records.push_back(std::move(next->columns));
  }
  fuzz::require(source->has_ended(), "all has been read");
  return records;
}

std::string quoted(const table& records) {
  std::string text;
  for (const auto& record : records) {
    for (const std::string& field : record) {
      if (&field != &record.front()) text += ',';
      text += '"';
      for (const char c : field) text.append(c == '"' ? 2 : 1, c);
      text += '"';
    }
    text += '\n';
  }
  return text;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  table records;
  try {
    records = read_table(fuzz::text_of(data, std::min(size, most_of_pipe)));
  } catch (const cli::error& refused) {
    fuzz::require(std::string_view(refused.what()).contains("line "), "an error names the line");
    return 0;
  }
  const std::string again = quoted(records);
  if (again.size() > most_of_pipe) return 0;
  fuzz::require(read_table(again) == records, "what is written is read as the same");
  return 0;
}
