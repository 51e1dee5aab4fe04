// A command with placeholders, and what becomes of it for one job.
//
// Placeholders have GNU parallel's meanings: {} {.} {/} {//} {/.} {#} {%} {1} {2.} ... What comes
// from an item is never expanded again: a template is taken apart once, before the first item. A
// placeholder behind another brace is text: {{} writes {}.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/shell_words.hpp"

namespace cli {

/// What a job puts into the placeholders.
struct placeholder_values {
  const std::vector<std::string>& items;    // {}: one, or with -n several
  const std::vector<std::string>& columns;  // {1} {2} ...; missing ones are empty
  std::uint64_t sequence;                   // {#}
  unsigned slot;                            // {%}
};

/// Which part of a path a placeholder takes.
enum class path_part { whole, without_extension, name, folder, name_without_extension };

/// The part of a path, as GNU parallel's {.} {/} {//} and {/.} take it.
[[nodiscard]] std::string take_part(std::string_view path, path_part part);

/// Of {1} {2} ...: what --header calls them.
using column_names = std::vector<std::string>;

/// How long a command line becomes while items are added to it.
struct line_length {
  std::size_t total = 0;          // bytes of all arguments, with their ends and pointers
  std::size_t longest = 0;        // bytes of the longest argument, with its end
  std::size_t items = 0;          // added so far
  std::vector<std::size_t> text;  // bytes of each word that items are joined in
};

/// Whether a command has a place for the item of its job: appended where no placeholder says
/// another. Without items, those that stand for one are refused.
enum class item_place : std::uint8_t { in_command, nowhere };

class command_template {
 public:
  /// An argument vector, started without a shell. REQUIRES: not empty.
  /// `names`: of the columns, for {name}; those that are placeholders anyway stay what they are.
  [[nodiscard]] static command_template of_words(const std::vector<std::string>& words,
                                                 const column_names& names = {},
                                                 item_place place = item_place::in_command);

  /// One string for `sh -c`, or for another shell of its family. Where it uses $1, $@ or their
  /// like, these are the job's columns (with -n its items), and no item is appended. Its
  /// placeholders become shell variables, which the words behind it set: a shell takes none of an
  /// item for code, wherever the placeholder stands. Where the string with these variables is
  /// longer than an argument may be, it comes in parts, as words too, and the shell puts it
  /// together before it reads it. Throws cli::error for one where the shell would not read a
  /// variable as it is.
  [[nodiscard]] static command_template of_shell(std::string_view command,
                                                 const column_names& names = {},
                                                 std::string program = "/bin/sh",
                                                 item_place place = item_place::in_command);

  /// The argument vector of a job.
  [[nodiscard]] std::vector<std::string> expand(const placeholder_values& job) const;

  /// The length without items, and what one more adds: never less than what `expand` makes of
  /// them. Costs time by the number of words.
  [[nodiscard]] line_length length_without_items() const;
  void lengthen(line_length& line, const std::string& item) const;

  /// Whether an argument has the slot.
  [[nodiscard]] bool uses_slot() const noexcept;

  /// Whether each job starts the same program.
  [[nodiscard]] bool starts_one_program() const noexcept { return starts_one_program_; }

 private:
  enum class source { literal, items, column, sequence, slot };
  struct piece {
    source from = source::literal;
    path_part part = path_part::whole;
    std::size_t column = 0;  // from 0
    std::string text = {};   // of a literal
    quoting quoted = quoting::none;
  };
  using word = std::vector<piece>;

  static std::optional<piece> parse_placeholder(std::string_view braces, const column_names& names);
  static std::optional<piece> parse_name(std::string_view braces, const column_names& names);
  enum class language : std::uint8_t { words, shell };
  static word parse(std::string_view text, language in, const column_names& names);
  static bool has_placeholder(const word& pieces);
  static void refuse_items(const word& pieces);
  static bool uses_arguments(const word& pieces);
  static std::vector<std::string> values_of(const piece& each, const placeholder_values& job);
  static std::string joined(const word& pieces, const placeholder_values& job);
  [[nodiscard]] std::vector<std::string> expand_shell(const placeholder_values& job) const;
  void lengthen_shell(line_length& line, const std::string& item) const;

  std::vector<word> words_;
  std::string shell_;  // the program
  bool for_shell_ = false;
  bool gives_arguments_ = false;  // the string uses $1, $2 ... or $@
  bool starts_one_program_ = true;
};

}  // namespace cli
