// A journal's record of a job. It is refused by an error, or it is read, and what is written of
// that is read as the same.
#include "jobs/outcome.hpp"

#include "fuzz.hpp"

namespace {

std::string written(const cli::outcome& value) {
  std::string bytes;
  parwork::codec<cli::outcome>::encode(value, bytes);
  return bytes;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes = fuzz::text_of(data, size);
  std::string_view from = bytes;
  try {
    const cli::outcome read = parwork::codec<cli::outcome>::decode(from);
    fuzz::require(!read.reason().empty(), "an outcome has a reason");
    const std::string once = written(read);
    std::string_view again = once;
    fuzz::require(written(parwork::codec<cli::outcome>::decode(again)) == once && again.empty(),
                  "what is written is read as the same");
  } catch (const parwork::codec_error&) {
    return 0;  // no record
  }
  return 0;
}
