#include "report/json_writer.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace parwork::detail {

namespace {

constexpr std::size_t flush_at = std::size_t{64} * 1024;
constexpr char32_t replacement = 0xFFFD;

struct decoded {
  char32_t point;
  std::size_t bytes;
};

// How many bytes a first byte of UTF-8 announces; 0: it is none.
std::size_t announced_by(unsigned char first) noexcept {
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return 2;
  if (first >= 0xE0 && first <= 0xEF) return 3;
  if (first >= 0xF0 && first <= 0xF4) return 4;
  return 0;
}

// Source of the ranges: Unicode 15, table 3-7, well-formed UTF-8 byte sequences.
decoded decode(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::size_t count = announced_by(byte(0));
  if (count == 0 || count > text.size()) return {replacement, 1};
  if (count == 1) return {byte(0), 1};
  char32_t point = byte(0) & (0xFFU >> (count + 1));
  for (std::size_t i = 1; i < count; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {replacement, 1};
    point = point << 6 | (byte(i) & 0x3FU);
  }
  const bool overlong = (count == 3 && point < 0x800) || (count == 4 && point < 0x10000);
  const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
  if (overlong || surrogate || point > 0x10FFFF) return {replacement, 1};
  return {point, count};
}

std::string escaped(char32_t point) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text = "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) text += digits[(point >> shift) & 0xFU];
  return text;
}

bool needs_escape(char32_t point) noexcept {
  return point < 0x20 || point == '"' || point == '\\' || point == '<' || point == 0x7F ||
         point == 0x2028 || point == 0x2029 || point == replacement;
}

}  // namespace

json_writer& json_writer::key(std::string_view name) {
  separate();
  append_quoted(name);
  pending_ += ':';
  needs_comma_ = false;
  return *this;
}

void json_writer::value(std::string_view text) {
  separate();
  append_quoted(text);
}

void json_writer::value(double number) {
  std::array<char, 32> digits{};
  const double finite = std::isfinite(number) ? number : 0;
  const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), finite);
  raw({digits.data(), written.ptr});
}

void json_writer::flush() {
  file_.write(pending_);
  pending_.clear();
}

void json_writer::open(char bracket) {
  separate();
  pending_ += bracket;
  needs_comma_ = false;
}

void json_writer::close(char bracket) {
  pending_ += bracket;
  needs_comma_ = true;
}

void json_writer::raw(std::string_view text) {
  separate();
  pending_ += text;
}

void json_writer::separate() {
  if (needs_comma_) pending_ += ',';
  needs_comma_ = true;
  if (pending_.size() >= flush_at) flush();
}

void json_writer::append_quoted(std::string_view text) {
  pending_ += '"';
  for (std::size_t at = 0; at < text.size();) append_character(text, at);
  pending_ += '"';
}

void json_writer::append_character(std::string_view text, std::size_t& at) {
  const auto [point, bytes] = decode(text.substr(at));
  if (needs_escape(point)) {
    pending_ += escaped(point);
  } else {
    pending_ += text.substr(at, bytes);
  }
  at += bytes;
}

}  // namespace parwork::detail
