// What options of xargs, GNU parallel, rush and fd are called here.
#pragma once

#include <string_view>

namespace cli {

/// For the name of an option that this tool does not have; empty where none of theirs has it.
[[nodiscard]] std::string_view habit_of(std::string_view name) noexcept;

}  // namespace cli
