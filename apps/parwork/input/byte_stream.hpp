// Bytes as they arrive: a descriptor, or a file that somebody else fills meanwhile.
//
// Thread safety: `read` is called by one thread at a time; `stop` by any.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "support/descriptor.hpp"

namespace cli {

/// Whether a call waits for input that is not there yet.
enum class waiting : std::uint8_t { for_input, for_nothing };

class byte_stream {
 public:
  virtual ~byte_stream() = default;

  /// Appends what is there, up to a block, or finds the end. False where told to stop, or where it
  /// shall not wait and nothing is there; what does not wait goes on after a stop. Throws
  /// cli::error where it cannot be read.
  virtual bool read(std::string& into, waiting how) = 0;
  [[nodiscard]] virtual bool has_ended() const noexcept = 0;

  /// Makes a call that waits return.
  virtual void stop() noexcept = 0;

  /// For messages.
  [[nodiscard]] virtual const std::string& name() const noexcept = 0;
};

[[nodiscard]] std::shared_ptr<byte_stream> stream_of(descriptor from, std::string name);

}  // namespace cli
