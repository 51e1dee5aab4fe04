// What the programs behind the documentation say of themselves, checked where it is said.
//
// Thread safety: may be called from any thread.
#pragma once

#include <source_location>
#include <stdexcept>
#include <string>

namespace examples {

/// Throws `std::logic_error`, which names the place, where `holds` is false.
inline void expect(bool holds, std::source_location where = std::source_location::current()) {
  if (holds) return;
  throw std::logic_error(std::string(where.file_name()) + ':' + std::to_string(where.line()) +
                         ": what the documentation says here does not hold");
}

}  // namespace examples
