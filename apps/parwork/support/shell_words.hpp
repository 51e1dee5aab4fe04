// What a POSIX shell makes of text: quoting for it, and where in its quotes a place is.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cli {

/// The text as one word that a shell reads back; plain words stay as they are.
[[nodiscard]] std::string shell_quote(std::string_view text);

/// The words, each quoted, with spaces between: for people, so without control bytes other than
/// newlines and tabs. A shell that reads it makes those of them.
[[nodiscard]] std::string shell_join(const std::vector<std::string>& words);

/// How a place of a shell command is quoted.
enum class quoting { none, single_quotes, double_quotes };

/// A shell variable's value as part of a word, for a place quoted in this way. No shell takes any
/// of the value for code, also where the place is not what it seems to be.
[[nodiscard]] std::string shell_variable(std::string_view name, quoting where);

/// Follows the quotes of a shell command from its beginning.
class quote_scanner {
 public:
  /// Goes on over text of the command's. Throws cli::error where shells read it in different ways.
  void read(std::string_view text);

  /// How the place behind what was read is quoted. Throws cli::error behind a backslash and inside
  /// backquotes, $((...)) and here-documents, where a value would be read in another way.
  [[nodiscard]] quoting here() const;

  /// Whether a dollar sign here would begin an expansion.
  [[nodiscard]] bool expands() const noexcept {
    return !escaped_ && !in(level::single_quotes) && !in(level::comment);
  }

  /// Throws cli::error where a word that is put behind what was read, with a space between, would
  /// not be an argument of a command: it would be run, or left out.
  void require_argument_position() const;

 private:
  enum class level { single_quotes, double_quotes, command, arithmetic, backquotes, comment };

  void read_plain(char c);
  void read_bracket(char c);
  void look_for_here_document(char c);
  void follow_command(char c);
  void read_double_quoted(char c);
  [[noreturn]] static void refuse_dollar_quotes();
  [[nodiscard]] bool in(level which) const noexcept {
    return !open_.empty() && open_.back() == which;
  }

  std::vector<level> open_;        // what is open, the innermost last
  char before_ = '\0';             // the character before the next one
  std::string command_;            // the words of the simple command so far, without quotes
  bool in_group_ = false;          // the outermost brackets are a subshell's, not of $(...)
  bool after_group_ = false;       // that command begins behind a closing bracket
  bool in_dollar_quotes_ = false;  // of single quotes: a dollar sign stands before them
  bool escaped_ = false;           // a backslash stands before the next one
  bool begun_ = false;             // $( stands before the next one
  enum class document { none, announced, begun } document_ = document::none;
};

}  // namespace cli
