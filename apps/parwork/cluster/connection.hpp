// The options of a connection, as parwork::nats has them.
//
// Thread safety: functions without state.
#pragma once

#include <string>

#include "options/settings.hpp"
#include "parwork/nats_options.hpp"

namespace cli {

/// Reads the file of a password. Throws cli::error.
[[nodiscard]] parwork::nats::credentials credentials_of(const login_settings& login);
[[nodiscard]] parwork::nats::tls_files tls_of(const login_settings& login);
[[nodiscard]] std::string name_of_host();

/// Under which workers run commands.
inline constexpr const char* command_work = "parwork-command";

}  // namespace cli
