#include "parwork/lines.hpp"

#include <ios>
#include <new>

namespace parwork {

namespace {

// While it lives, a stream throws on what makes it bad what that was.
class throwing_when_bad {
 public:
  explicit throwing_when_bad(std::istream& input) : input_(input), before_(input.exceptions()) {
    set(before_ | std::ios_base::badbit);
  }
  ~throwing_when_bad() { set(before_); }
  throwing_when_bad(const throwing_when_bad&) = delete;
  throwing_when_bad& operator=(const throwing_when_bad&) = delete;

 private:
  // Throws at once where the stream is in such a state, and has changed it then.
  void set(std::ios_base::iostate which) noexcept {
    try {
      input_.exceptions(which);
    } catch (const std::ios_base::failure&) {
      return;
    }
  }

  std::istream& input_;
  const std::ios_base::iostate before_;
};

// Whether there was one. A stream whose owner asked for exceptions throws at its end, too. Memory
// that has run out is no fault of the stream.
bool read_line(std::istream& input, std::string& line, char delimiter) {
  const throwing_when_bad scope(input);
  try {
    return static_cast<bool>(std::getline(input, line, delimiter));
  } catch (const std::bad_alloc&) {
    throw;
  } catch (...) {
    return !input.fail();
  }
}

}  // namespace

bool line_generator::operator()(std::string& line) {
  if (read_line(*input_, line, delimiter_)) {
    ++read_;
    return true;
  }
  // Plain failure without the end in sight: the stream was unreadable before the first call.
  if (input_->bad() || !input_->eof()) {
    throw std::ios_base::failure("parwork::lines: reading failed after line " +
                                 std::to_string(read_));
  }
  return false;
}

}  // namespace parwork
