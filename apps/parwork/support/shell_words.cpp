#include "support/shell_words.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "support/error.hpp"

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

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

bool is_hidden(char c) { return is_control(c) && c != '\n' && c != '\t'; }

// As a call of printf that writes it. Newlines at the end, which $(...) leaves out, stand behind.
std::string spelled_out(std::string_view text) {
  const std::size_t end = text.find_last_not_of('\n') + 1;
  std::string format;
  for (const char c : text.substr(0, end)) {
    if (is_control(c)) {
      std::array<char, 8> octal{};
      std::snprintf(octal.data(), octal.size(), "\\%03o", static_cast<unsigned>(c));
      format += octal.data();
    } else {
      if (c == '%' || c == '\\') format += c;
      format += c;
    }
  }
  return "\"$(printf '" + inside_single_quotes(format) + "')" + std::string(text.substr(end)) + '"';
}

}  // namespace

std::string shell_quote(std::string_view text) {
  if (!text.empty() && std::ranges::all_of(text, is_plain)) return std::string(text);
  return "'" + inside_single_quotes(text) + "'";
}

std::string shell_join(const std::vector<std::string>& words) {
  std::string joined;
  for (const std::string& word : words) {
    if (!joined.empty()) joined += ' ';
    joined += std::ranges::any_of(word, is_hidden) ? spelled_out(word) : shell_quote(word);
  }
  return joined;
}

std::string shell_variable(std::string_view name, quoting where) {
  std::string text = "${";
  text.append(name);
  text += '}';
  switch (where) {
    case quoting::single_quotes:
      return "'\"" + text + "\"'";
    case quoting::double_quotes:
      return text;
    case quoting::none:
      break;
  }
  return '"' + text + '"';
}

void quote_scanner::read(std::string_view text) {
  for (const char c : text) {
    follow_command(c);
    if (escaped_) {
      escaped_ = false;
    } else if (in(level::single_quotes) || in(level::comment)) {
      if (in_dollar_quotes_ && c == '\'' && before_ == '\\') refuse_dollar_quotes();
      if (c == (in(level::comment) ? '\n' : '\'')) open_.pop_back();
    } else if (c == '\\') {
      escaped_ = true;
    } else if (in(level::double_quotes)) {
      read_double_quoted(c);
    } else {
      read_plain(c);
    }
    begun_ = c == '(' && before_ == '$';
    before_ = c;
  }
}

// For some shells $' begins quotes in which \' is a letter, for others it is a dollar sign.
void quote_scanner::refuse_dollar_quotes() {
  throw error("shells differ in where $'...' with \\' in it ends: write \"'\" for that quote");
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
    in_dollar_quotes_ = before_ == '$';
    open_.push_back(level::single_quotes);
  } else if (c == '"') {
    open_.push_back(level::double_quotes);
  } else if (c == '`') {
    if (in(level::backquotes)) {
      open_.pop_back();
    } else {
      open_.push_back(level::backquotes);
    }
  } else if (c == '(' || c == ')') {
    read_bracket(c);
  } else if (c == '#' && std::string_view("\0 \t\n;&|()", 9).contains(before_)) {
    open_.push_back(level::comment);
  } else {
    look_for_here_document(c);
  }
}

// "$((" opens two levels: each of its closing brackets ends one.
void quote_scanner::read_bracket(char c) {
  if (c == ')') {
    if (in(level::command) || in(level::arithmetic)) open_.pop_back();
    return;
  }
  if (begun_) open_.back() = level::arithmetic;
  const bool computes = in(level::arithmetic) && before_ != '$';
  open_.push_back(computes ? level::arithmetic : level::command);
}

void quote_scanner::look_for_here_document(char c) {
  if (c == '<' && before_ == '<' && !in(level::arithmetic)) {
    document_ = document_ == document::announced ? document::none : document::announced;  // <<<
  } else if (c == '\n' && document_ == document::announced) {
    document_ = document::begun;
  }
}

// Only the outermost level counts: what is quoted, or stands in brackets, is a letter of a word.
void quote_scanner::follow_command(char c) {
  if (open_.empty() && !escaped_) {
    const bool opens_group = c == '(' && before_ != '$';
    if (c == '(') in_group_ = opens_group;
    if (opens_group || std::string_view(";&|)\n").contains(c)) {
      command_.clear();
      after_group_ = false;
    } else if (c != '\'' && c != '"') {
      command_ += c;
    }
  } else if (open_.size() == 1 && in(level::command) && c == ')' && in_group_ && !escaped_) {
    command_.clear();
    after_group_ = true;
  } else if (!in(level::comment)) {
    command_ += 'q';
  } else if (c == '\n') {
    command_.clear();
  }
}

namespace {

constexpr std::array<std::string_view, 10> before_a_command{"if", "then",  "else", "elif", "while",
                                                            "do", "until", "!",    "{",    "time"};
constexpr std::array<std::string_view, 4> after_a_group{"}", "fi", "done", "esac"};

bool is_assignment(std::string_view word) {
  const std::size_t end = word.find('=');
  if (end == std::string_view::npos || end == 0) return false;
  return std::ranges::all_of(word.substr(0, end), [](char c) {
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  });
}

// The first word of a simple command that is its program; empty: it has none.
std::string_view program_of(std::string_view command) {
  while (true) {
    const std::size_t begin = command.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return {};
    command.remove_prefix(begin);
    const std::string_view word = command.substr(0, command.find_first_of(" \t"));
    const bool stands_before = std::ranges::find(before_a_command, word) != before_a_command.end();
    if (!stands_before && !is_assignment(word)) return word;
    command.remove_prefix(word.size());
  }
}

}  // namespace

void quote_scanner::require_argument_position() const {
  constexpr const char* put = ": put {} where the item belongs";
  if (escaped_) throw error(std::string("the command ends in a backslash") + put);
  if (in(level::comment)) throw error(std::string("the command ends in a comment") + put);
  if (!open_.empty()) throw error("the command ends inside quotes or brackets: close them");
  const std::string_view program = program_of(command_);
  if (after_group_ || std::ranges::find(after_a_group, program) != after_a_group.end()) {
    throw error(std::string("the command ends in a group, which takes no item") + put);
  }
  if (program.empty()) {
    throw error(std::string("behind the command's end the item would be run") + put);
  }
}

quoting quote_scanner::here() const {
  if (in(level::comment)) {
    throw error("a placeholder stands in a comment, where the item would be left out");
  }
  if (escaped_) throw error("a backslash stands before a placeholder: leave it out");
  if (std::ranges::find(open_, level::backquotes) != open_.end()) {
    throw error("a placeholder stands inside backquotes, where no quoting is safe: use $(...)");
  }
  if (document_ == document::begun) {
    throw error(
        "a placeholder stands in a here-document, where quotes are text: write printf '%s\\n' {} | "
        "instead");
  }
  for (auto each = open_.rbegin(); each != open_.rend() && *each != level::command; ++each) {
    if (*each == level::arithmetic) {
      throw error(
          "a placeholder stands inside $((...)), which computes what the item says: write n={} "
          "before it, and $((n + 1))");
    }
  }
  if (in(level::single_quotes)) return quoting::single_quotes;
  if (in(level::double_quotes)) return quoting::double_quotes;
  return quoting::none;
}

}  // namespace cli
