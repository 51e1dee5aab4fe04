// What a submitter is told once.
//
// Thread safety: a value.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "nats/session_id.hpp"

namespace parwork::nats::detail {

struct submitter_settings {
  session_id session = {};
  std::uint64_t began = 0;  // milliseconds since the epoch
  std::string prefix = "pw";
  std::string job = {};
  std::string work = {};
  std::string item_codec = {};
  std::string result_codec = {};
  std::vector<std::string> needs = {};
  std::chrono::nanoseconds heartbeat = std::chrono::seconds(1);
  std::chrono::nanoseconds lost_after = std::chrono::seconds(10);
  std::chrono::nanoseconds give_up_after{0};
  std::chrono::nanoseconds timeout{0};
  unsigned max_attempts = 3;
  std::size_t max_batch = 4096;
  std::string host = {};  // this one's, for a status
  unsigned pid = 0;
};

}  // namespace parwork::nats::detail
