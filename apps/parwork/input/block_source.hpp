// Blocks of the input: whole records, for the standard input of a job.
//
// Thread safety: `take` is called by one thread at a time; `stop` by any.
//
// Invariants:
// 1. All blocks behind one another are the input, without its header.
// 2. A block ends behind a delimiter, or at the end of the input.
// 3. A stream and a file with the same bytes have the same blocks.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "input/byte_stream.hpp"
#include "input/item_source.hpp"
#include "support/descriptor.hpp"

namespace cli {

/// A part of a file, which nobody has read, or bytes of a stream.
struct input_block {
  std::shared_ptr<const std::string> head;  // goes before it; null: nothing does
  std::string bytes;
  std::shared_ptr<const descriptor> file;  // null: `bytes` has them
  std::uint64_t begin = 0;                 // in the file
  std::uint64_t length = 0;                // bytes, without the head's

  /// Reads all of it, where it is part of a file. Throws cli::error.
  [[nodiscard]] std::string hash() const;
};

/// How much a block has.
struct block_format {
  std::string delimiter = "\n";
  std::uint64_t size = 0;     // at most so many bytes, but one record at least; or, where it is 0,
  std::uint64_t records = 0;  // so many records
  bool header = false;        // the first record goes before each block
  last_item last = last_item::counts;
};

class block_source {
 public:
  virtual ~block_source() = default;

  /// Nothing at the end, when told to stop, or where it shall not wait and nothing is there. Throws
  /// cli::error where input cannot be read, and for a record of more than 1 GiB in a stream, which
  /// would have to be held in memory.
  virtual std::optional<input_block> take(waiting how) = 0;
  [[nodiscard]] virtual bool has_ended() const noexcept = 0;
  virtual void stop() noexcept {}
};

/// Memory: a block, and one more where records are longer.
[[nodiscard]] std::unique_ptr<block_source> blocks_of(std::shared_ptr<byte_stream> stream,
                                                      block_format format);

/// The rest of a regular file from `begin` on, as long as it is now. Its records are read only to
/// find where blocks end.
[[nodiscard]] std::unique_ptr<block_source> blocks_of(descriptor file, const std::string& name,
                                                      std::uint64_t begin, block_format format);

}  // namespace cli
