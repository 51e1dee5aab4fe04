// A command with placeholders, and what becomes of it for one job.
//
// Placeholders have GNU parallel's meanings: {} {.} {/} {//} {/.} {#} {%} {1} {2.} ... What comes
// from an item is never expanded again: a template is taken apart once, before the first item.
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

class command_template {
 public:
  /// An argument vector, started without a shell. REQUIRES: not empty.
  [[nodiscard]] static command_template of_words(const std::vector<std::string>& words);

  /// One string for `sh -c`. Where it uses $1, $@ or their like, these are the job's columns (with
  /// -n its items), and no item is appended. Its placeholders become shell variables, which the
  /// words behind it set: a shell takes none of an item for code, wherever the placeholder stands.
  /// Throws cli::error for one where the shell would not read a variable as it is.
  [[nodiscard]] static command_template of_shell(std::string_view command);

  /// The argument vector of a job.
  [[nodiscard]] std::vector<std::string> expand(const placeholder_values& job) const;

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

  static std::optional<piece> parse_placeholder(std::string_view braces);
  enum class language : std::uint8_t { words, shell };
  static word parse(std::string_view text, language in);
  static bool has_placeholder(const word& pieces);
  static bool uses_arguments(const word& pieces);
  static std::vector<std::string> values_of(const piece& each, const placeholder_values& job);
  static std::string joined(const word& pieces, const placeholder_values& job);
  [[nodiscard]] std::vector<std::string> expand_shell(const placeholder_values& job) const;

  std::vector<word> words_;
  bool for_shell_ = false;
  bool gives_arguments_ = false;  // the string uses $1, $2 ... or $@
  bool starts_one_program_ = true;
};

}  // namespace cli
