// Asks what a server is, before libnats connects to it. libnats 3.4.1 loops for ever for a server
// that falls silent in the middle of a connect, and holds a lock meanwhile. Of a server that
// refuses a certificate by TLS 1.3 it says that something else than PONG came.
//
// Thread safety: probe may be called by any thread; it blocks until the deadline at most.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "nats/server_url.hpp"
#include "parwork/nats_options.hpp"

namespace parwork::nats::detail {

enum class probe_result : std::uint8_t {
  answers,
  unreachable,  // no connection, no answer, or one that is not NATS's
  denied,       // TLS: a certificate is not accepted, by one side or the other
};

struct probe_report {
  probe_result result = probe_result::unreachable;
  std::string why = {};  // a sentence with the remedy, unless it answers
};

/// `tls`: encrypted, even where the URL and the server do not ask for it.
[[nodiscard]] probe_report probe(const server_url& server, const tls_files& files, transport tls,
                                 std::chrono::steady_clock::time_point deadline);

}  // namespace parwork::nats::detail
