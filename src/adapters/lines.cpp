#include "parwork/lines.hpp"

#include <ios>

namespace parwork {

namespace {

// Whether there was one. A stream whose owner asked for exceptions throws at its end, too.
bool read_line(std::istream& input, std::string& line, char delimiter) {
  try {
    return static_cast<bool>(std::getline(input, line, delimiter));
  } catch (const std::ios_base::failure&) {
    return !input.fail();
  }
}

}  // namespace

std::optional<std::string> line_generator::operator()() {
  std::string line;
  if (read_line(*input_, line, delimiter_)) {
    ++read_;
    return line;
  }
  // Plain failure without the end in sight: the stream was unreadable before the first call.
  if (input_->bad() || !input_->eof()) {
    throw std::ios_base::failure("parwork::lines: reading failed after line " +
                                 std::to_string(read_));
  }
  return std::nullopt;
}

}  // namespace parwork
