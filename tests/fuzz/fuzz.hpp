// What the fuzz targets share. Each has one function, which libFuzzer calls with bytes of its own
// making, and replay.cpp with those of tests/fuzz/corpus. It may throw cli::error and
// parwork::codec_error; anything else is a defect, and so is a property that does not hold.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "input/item_source.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace fuzz {

/// Ends the process unless `holds`.
inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

inline std::string text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// The words between NUL bytes: arguments as a kernel passes them. At least one.
inline std::vector<std::string> words_of(const std::uint8_t* data, std::size_t size) {
  return cli::cut(text_of(data, size), std::string(1, '\0'));
}

}  // namespace fuzz
