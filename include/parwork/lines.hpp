// lines: the lines of a stream as a generator.
//
// Thread safety: one call at a time, each happening before the next, as `process` makes them.
#pragma once

#include <cstdint>
#include <istream>
#include <string>

namespace parwork {

/// A generator of lines; made by `lines`.
class line_generator {
 public:
  line_generator(std::istream& input, char delimiter) noexcept
      : input_(&input), delimiter_(delimiter) {}

  /// Puts the next line, without its delimiter, in place of what `line` holds; false at the end.
  [[nodiscard]] bool operator()(std::string& line);

 private:
  std::istream* input_;
  std::uint64_t read_ = 0;
  char delimiter_;
};

/// The lines of `input`, which must outlive the generator, as `std::string` items of any bytes. The
/// delimiter ends a line and is no part of it; a last line without one counts, an empty one at the
/// very end does not. Use '\0' for the output of `find -print0`.
///
/// Strings are used again and keep their memory: in the steady state no line costs an allocation,
/// unless work or collector takes it away (by value, or in a completion).
///
/// Blocks while the stream does: for a terminal or a pipe, `runs_on::own_thread` keeps the workers
/// free. Throws `std::ios_base::failure` where reading fails, or where the stream was not readable
/// from the start (a file that could not be opened). The end of the stream is the end, whatever
/// `input.exceptions()` asks for.
[[nodiscard]] inline line_generator lines(std::istream& input, char delimiter = '\n') noexcept {
  return {input, delimiter};
}

}  // namespace parwork
