// Texts about all subcommands and options, made from their tables: the overview of --help, and what
// is committed and checked by a test: three shells' completions and the options of the man page.
#pragma once

#include <string>

namespace cli {

[[nodiscard]] std::string overview();

/// Of apps/parwork/completions: parwork.bash, _parwork and parwork.fish.
[[nodiscard]] std::string bash_completion();
[[nodiscard]] std::string zsh_completion();
[[nodiscard]] std::string fish_completion();

/// A man page with the options of `parwork run` between the two comments that mark their place.
/// Throws cli::error where these are missing.
[[nodiscard]] std::string with_options(const std::string& man_page);

}  // namespace cli
