// All subcommands.
#pragma once

#include <span>
#include <string_view>

#include "commands/command.hpp"

namespace cli {

/// In the order of the overview.
[[nodiscard]] std::span<const command* const> commands();

/// The subcommand of that name, or null.
[[nodiscard]] const command* find_command(std::string_view name);

}  // namespace cli
