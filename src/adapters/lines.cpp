#include "parwork/lines.hpp"

#include <ios>

namespace parwork {

std::optional<std::string> line_generator::operator()() {
  std::string line;
  try {
    std::getline(*input_, line, delimiter_);
  } catch (const std::ios_base::failure&) {
    // The stream's own exceptions, where its owner asked for them: its state says what happened.
  }
  if (!input_->fail()) {
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
