// A delimiter's length, the delimiter, and input. The items are those of a splitter that has
// everything in memory; the input comes through a pipe in parts.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "fuzz.hpp"
#include "input/item_source.hpp"

namespace {

constexpr std::size_t pipe_room = 32768;  // less than any pipe holds: no thread has to read

cli::descriptor pipe_with(const std::string& bytes) {
  std::array<int, 2> ends{};
  fuzz::require(pipe2(ends.data(), O_CLOEXEC) == 0, "there is a pipe");
  const cli::descriptor writer(ends[1]);
  const auto written = write(writer.get(), bytes.data(), bytes.size());
  fuzz::require(written == static_cast<ssize_t>(bytes.size()), "the pipe has room");
  return cli::descriptor(ends[0]);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t length = std::min<std::size_t>(1 + data[0] % 4, size - 1);
  const std::string delimiter = fuzz::text_of(data + 1, length);
  const std::string input =
      fuzz::text_of(data + 1 + length, std::min(size - 1 - length, pipe_room));

  std::vector<std::string> expected = cli::cut(input, delimiter);
  if (expected.back().empty()) expected.pop_back();

  const auto source = cli::items_of(pipe_with(input), "fuzz", delimiter, cli::blank_items::kept);
  for (const std::string& each : expected) {
    const auto item = source->next();
    fuzz::require(item && item->whole && item->bytes == each, "an item is what stands between");
  }
  fuzz::require(!source->next(), "there is no other item");
  return 0;
}
