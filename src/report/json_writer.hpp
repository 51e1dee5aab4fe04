// Writes JSON to a file as it is made, so that memory does not follow its length.
//
// What it writes may stand inside an HTML script element: `<` and the line separators of JavaScript
// are escaped. Bytes that are no UTF-8 become U+FFFD, numbers that are not finite 0.
//
// Thread safety: none.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include "report/output_file.hpp"

namespace parwork::detail {

class json_writer {
 public:
  explicit json_writer(output_file& file) : file_(file) {}
  json_writer(const json_writer&) = delete;
  json_writer& operator=(const json_writer&) = delete;

  void begin_object() { open('{'); }
  void end_object() { close('}'); }
  void begin_array() { open('['); }
  void end_array() { close(']'); }
  json_writer& key(std::string_view name);

  void value(std::string_view text);
  void value(const char* text) { value(std::string_view(text)); }
  void value(double number);
  void value(bool yes) { raw(yes ? "true" : "false"); }
  template <std::integral Number>
    requires(!std::same_as<Number, bool>)
  void value(Number number) {
    raw(std::to_string(number));
  }
  void null() { raw("null"); }

  template <class Value>
  void member(std::string_view name, const Value& its) {
    key(name).value(its);
  }

  // REQUIRES: called at the end.
  void flush();

 private:
  void open(char bracket);
  void close(char bracket);
  void raw(std::string_view text);
  void separate();
  void append_quoted(std::string_view text);
  void append_character(std::string_view text, std::size_t& at);

  output_file& file_;
  std::string pending_;
  bool needs_comma_ = false;
};

}  // namespace parwork::detail
