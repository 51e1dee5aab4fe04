#include "nats/crc32c.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#elif defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace parwork::nats::detail {

namespace {

constexpr std::size_t crc_step = sizeof(std::uint64_t);

// The k-th table moves a byte over k more zero bytes: so eight bytes are done at once ("slicing by
// 8", Kounavis and Berry, 2005).
using crc_tables = std::array<std::array<std::uint32_t, 256>, crc_step>;

constexpr crc_tables make_crc_tables() {
  crc_tables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78U : 0U);
    tables[0][byte] = crc;
  }
  for (std::size_t k = 1; k < crc_step; ++k) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = tables[k - 1][byte];
      tables[k][byte] = (before >> 8) ^ tables[0][before & 0xff];
    }
  }
  return tables;
}

constexpr crc_tables crc_of = make_crc_tables();

std::uint64_t little_endian_word(const char* from) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, from, sizeof word);
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  return word;
}

std::uint32_t step_by_tables(std::uint32_t crc, std::uint64_t word) noexcept {
  word ^= crc;
  crc = 0;
  for (std::size_t k = 0; k < crc_step; ++k, word >>= 8) {
    crc ^= crc_of[crc_step - 1 - k][word & 0xff];
  }
  return crc;
}

std::uint32_t byte_by_tables(std::uint32_t crc, char byte) noexcept {
  return (crc >> 8) ^ crc_of[0][(crc ^ static_cast<unsigned char>(byte)) & 0xff];
}

std::uint32_t by_tables(std::string_view bytes, std::uint32_t crc) noexcept {
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= crc_step; at += crc_step, left -= crc_step) {
    crc = step_by_tables(crc, little_endian_word(at));
  }
  for (; left > 0; ++at, --left) crc = byte_by_tables(crc, *at);
  return crc;
}

#if defined(__x86_64__)

#define PARWORK_CRC_TARGET __attribute__((target("sse4.2")))

PARWORK_CRC_TARGET inline std::uint32_t crc_of_word(std::uint32_t crc, const char* at) noexcept {
  return static_cast<std::uint32_t>(_mm_crc32_u64(crc, little_endian_word(at)));
}
PARWORK_CRC_TARGET inline std::uint32_t crc_of_byte(std::uint32_t crc, char byte) noexcept {
  return _mm_crc32_u8(crc, static_cast<unsigned char>(byte));
}
bool has_instruction() noexcept {
  __builtin_cpu_init();
  return __builtin_cpu_supports("sse4.2") != 0;
}

#elif defined(__aarch64__)

#define PARWORK_CRC_TARGET

inline std::uint32_t crc_of_word(std::uint32_t crc, const char* at) noexcept {
  asm(".arch_extension crc\n\tcrc32cx %w0, %w0, %x1" : "+r"(crc) : "r"(little_endian_word(at)));
  return crc;
}
inline std::uint32_t crc_of_byte(std::uint32_t crc, char byte) noexcept {
  const std::uint32_t wide = static_cast<unsigned char>(byte);
  asm(".arch_extension crc\n\tcrc32cb %w0, %w0, %w1" : "+r"(crc) : "r"(wide));
  return crc;
}
bool has_instruction() noexcept { return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0; }

#endif

#if defined(PARWORK_CRC_TARGET)

// The instruction takes three cycles, and another may begin in each: so three stretches are done at
// once, and put together.
constexpr std::size_t stretch = 256;

// The k-th table moves the k-th byte of a CRC over a stretch of zero bytes.
using shift_tables = std::array<std::array<std::uint32_t, 256>, sizeof(std::uint32_t)>;

constexpr shift_tables make_shift_tables() {
  shift_tables made{};
  for (std::size_t k = 0; k < made.size(); ++k) {
    for (std::size_t bit = 0; bit < 8; ++bit) {
      std::uint32_t crc = std::uint32_t{1} << (8 * k + bit);
      for (std::size_t i = 0; i < stretch; ++i) crc = (crc >> 8) ^ crc_of[0][crc & 0xff];
      for (std::size_t byte = 0; byte < 256; ++byte) {
        if ((byte >> bit & 1) != 0) made[k][byte] ^= crc;
      }
    }
  }
  return made;
}

constexpr shift_tables shifted = make_shift_tables();

std::uint32_t over_a_stretch(std::uint32_t crc) noexcept {
  return shifted[0][crc & 0xff] ^ shifted[1][crc >> 8 & 0xff] ^ shifted[2][crc >> 16 & 0xff] ^
         shifted[3][crc >> 24];
}

PARWORK_CRC_TARGET std::uint32_t by_instruction(std::string_view bytes,
                                                std::uint32_t crc) noexcept {
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 3 * stretch; at += 3 * stretch, left -= 3 * stretch) {
    std::uint32_t second = 0;
    std::uint32_t third = 0;
    for (std::size_t i = 0; i < stretch; i += crc_step) {
      crc = crc_of_word(crc, at + i);
      second = crc_of_word(second, at + stretch + i);
      third = crc_of_word(third, at + 2 * stretch + i);
    }
    crc = over_a_stretch(over_a_stretch(crc) ^ second) ^ third;
  }
  for (; left >= crc_step; at += crc_step, left -= crc_step) crc = crc_of_word(crc, at);
  for (; left > 0; ++at, --left) crc = crc_of_byte(crc, *at);
  return crc;
}

#else

constexpr auto by_instruction = by_tables;

bool has_instruction() noexcept { return false; }

#endif

}  // namespace

std::uint32_t crc32c(std::string_view bytes, std::uint32_t so_far) noexcept {
  static const auto chosen = has_instruction() ? &by_instruction : &by_tables;
  return ~chosen(bytes, ~so_far);
}

std::uint32_t crc32c_by_tables(std::string_view bytes, std::uint32_t so_far) noexcept {
  return ~by_tables(bytes, ~so_far);
}

}  // namespace parwork::nats::detail
