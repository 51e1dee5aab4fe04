#include "shell_words.hpp"

#include <algorithm>

#include "error.hpp"

namespace cli {
namespace {

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_-+./:,@%=").contains(c);
}

// A closing quote, an escaped one, and an opening one.
std::string inside_single_quotes(std::string_view text) {
  std::string quoted;
  for (const char c : text) {
    if (c == '\'') {
      quoted += R"('\'')";
    } else {
      quoted += c;
    }
  }
  return quoted;
}

std::string inside_double_quotes(std::string_view text) {
  std::string quoted;
  for (const char c : text) {
    if (std::string_view("$`\"\\").contains(c)) quoted += '\\';
    quoted += c;
  }
  return quoted;
}

}  // namespace

std::string shell_quote(std::string_view text, quoting where) {
  switch (where) {
    case quoting::single_quotes:
      return inside_single_quotes(text);
    case quoting::double_quotes:
      return inside_double_quotes(text);
    case quoting::none:
      break;
  }
  if (!text.empty() && std::ranges::all_of(text, is_plain)) return std::string(text);
  return "'" + inside_single_quotes(text) + "'";
}

std::string shell_join(const std::vector<std::string>& words) {
  std::string joined;
  for (const std::string& word : words) {
    if (!joined.empty()) joined += ' ';
    joined += shell_quote(word);
  }
  return joined;
}

void quote_scanner::read(std::string_view text) {
  for (const char c : text) {
    if (escaped_) {
      escaped_ = false;
    } else if (in(level::single_quotes)) {
      if (c == '\'') open_.pop_back();
    } else if (c == '\\') {
      escaped_ = true;
    } else if (in(level::double_quotes)) {
      read_double_quoted(c);
    } else {
      read_plain(c);
    }
    before_ = c;
  }
}

void quote_scanner::read_double_quoted(char c) {
  if (c == '"') {
    open_.pop_back();
  } else if (c == '`') {
    open_.push_back(level::backquotes);
  } else if (c == '(' && before_ == '$') {
    open_.push_back(level::command);
  }
}

void quote_scanner::read_plain(char c) {
  if (c == '\'') {
    open_.push_back(level::single_quotes);
  } else if (c == '"') {
    open_.push_back(level::double_quotes);
  } else if (c == '`') {
    if (in(level::backquotes)) {
      open_.pop_back();
    } else {
      open_.push_back(level::backquotes);
    }
  } else if (c == '(') {
    open_.push_back(level::command);
  } else if (c == ')' && in(level::command)) {
    open_.pop_back();
  }
}

quoting quote_scanner::here() const {
  if (std::ranges::find(open_, level::backquotes) != open_.end()) {
    throw error("a placeholder stands inside backquotes, where no quoting is safe: use $(...)");
  }
  if (in(level::single_quotes)) return quoting::single_quotes;
  if (in(level::double_quotes)) return quoting::double_quotes;
  return quoting::none;
}

}  // namespace cli
