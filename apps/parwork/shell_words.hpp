// What a POSIX shell makes of text: quoting for it, and where in its quotes a place is.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cli {

/// How a place of a shell command is quoted.
enum class quoting { none, single_quotes, double_quotes };

/// The text as a shell reads it back, for a place quoted in this way. With `none` the result is one
/// word; plain words stay as they are.
[[nodiscard]] std::string shell_quote(std::string_view text, quoting where = quoting::none);

/// The words, each quoted, with spaces between.
[[nodiscard]] std::string shell_join(const std::vector<std::string>& words);

/// Follows the quotes of a shell command from its beginning.
class quote_scanner {
 public:
  /// Goes on over text of the command's.
  void read(std::string_view text);

  /// How the place behind what was read is quoted. Throws cli::error inside backquotes, where no
  /// quoting is safe.
  [[nodiscard]] quoting here() const;

 private:
  enum class level { single_quotes, double_quotes, command, backquotes };

  void read_plain(char c);
  void read_double_quoted(char c);
  [[nodiscard]] bool in(level which) const { return !open_.empty() && open_.back() == which; }

  std::vector<level> open_;  // what is open, the innermost last
  char before_ = '\0';       // the character before the next one
  bool escaped_ = false;     // a backslash stands before the next one
};

}  // namespace cli
