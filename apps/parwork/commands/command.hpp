// What a subcommand is: a file commands/NAME.cpp defines one, and commands.cpp has a row for it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "options/option.hpp"

namespace cli {

/// How the tool was called.
struct invocation {
  std::vector<std::string> words;  // behind the subcommand's name
  std::vector<std::string> all;
  bool (*is_subcommand)(std::string_view word);
};

struct command {
  std::string_view name;
  std::string_view usage;    // its line of the overview, behind "parwork "
  std::string_view summary;  // for overview and completions; empty: nothing tells of it
  std::string_view operand;  // what its words are, for completions; empty: a command
  completion operand_completes = completion::files;
  std::vector<option_info> (*options)();

  /// Returns the exit status. Throws cli::error.
  int (*run)(const invocation& called);
};

/// Writes to standard output, and returns status::success; throws output_lost.
int print(std::string_view text);

}  // namespace cli
