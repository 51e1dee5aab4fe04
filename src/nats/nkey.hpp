// An nkey: a pair of Ed25519 keys by which a server knows a user. A file holds its seed.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace parwork::nats::detail {

/// The public key ("U...") that belongs to a user's seed ("SU..."). Throws std::invalid_argument
/// for what is no seed of a user; it does not repeat it.
[[nodiscard]] std::string public_nkey(std::string_view seed);

/// The same, of the seed in a file: its first word that begins with "SU". Throws access_denied for
/// a file that cannot be read or has no seed.
[[nodiscard]] std::string public_nkey_of_file(const std::string& path);

}  // namespace parwork::nats::detail
