// Pictures in the binary PPM format (P6, 8 bits a channel), read and written whole.
//
// Thread safety: a picture is a value; the functions touch nothing but their arguments.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <istream>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

namespace examples {

/// `pixels` holds red, green and blue of each pixel, row by row from the top.
struct picture {
  std::size_t width = 0;
  std::size_t height = 0;
  std::vector<std::uint8_t> pixels = {};
};

/// Larger pictures are refused: a broken header must not allocate all memory.
inline constexpr std::size_t longest_side = 32768;

/// Reads one number of a PPM header; comments run from # to the end of their line.
inline std::size_t read_ppm_number(std::istream& from, std::size_t most) {
  while ((from >> std::ws).peek() == '#') {
    from.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  std::size_t number = 0;
  if (!(from >> number) || number == 0 || number > most) {
    throw std::runtime_error("not a PPM header that is supported");
  }
  return number;
}

/// Replaces `into`, whose memory is used again where it suffices. Throws `std::runtime_error` where
/// the file cannot be read, is no binary PPM of 8 bits, or ends too early.
inline void read_ppm(const std::filesystem::path& path, picture& into) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot be read");
  std::string magic(2, '\0');
  if (!file.read(magic.data(), 2) || magic != "P6") throw std::runtime_error("is no binary PPM");
  into.width = read_ppm_number(file, longest_side);
  into.height = read_ppm_number(file, longest_side);
  if (read_ppm_number(file, 255) != 255) throw std::runtime_error("has not 8 bits a channel");
  file.get();
  into.pixels.resize(into.width * into.height * 3);
  if (!file.read(reinterpret_cast<char*>(into.pixels.data()),
                 static_cast<std::streamsize>(into.pixels.size()))) {
    throw std::runtime_error("ends too early");
  }
}

/// Throws `std::runtime_error` where not all of it could be written.
inline void write_ppm(const std::filesystem::path& path, const picture& from) {
  std::ofstream file(path, std::ios::binary);
  file << "P6\n" << from.width << ' ' << from.height << "\n255\n";
  file.write(reinterpret_cast<const char*>(from.pixels.data()),
             static_cast<std::streamsize>(from.pixels.size()));
  file.close();
  if (!file) throw std::runtime_error("cannot write " + path.string());
}

}  // namespace examples
