// Output that waits for its turn: in memory up to a limit, beyond it in one file. That file has no
// name; with a journal it is the one beside it, and records of the journal can name the blocks of
// output that is too large to be in the record itself.
//
// Thread safety: an output_store may be used by several threads; a held_output by one at a time.
//
// Invariants:
// 1. The memory of all held output of a store never exceeds its limit (and a small part of it that
//    a block's growth copies).
// 2. Blocks that a record names are never given back.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "output/block_file.hpp"

namespace cli {

class output_store {
 public:
  static constexpr std::size_t block_size = block_file::block_size;

  /// `memory`: bytes. Beyond that, a file without a name.
  explicit output_store(std::uint64_t memory) : free_memory_(static_cast<std::int64_t>(memory)) {}
  /// The same with a file that stays.
  output_store(std::uint64_t memory, std::string file, block_file::use how)
      : free_memory_(static_cast<std::int64_t>(memory)), file_(std::move(file), how) {}

  /// Whether there is room for so many bytes in memory; then they are the caller's to give back.
  [[nodiscard]] bool take_memory(std::size_t bytes) noexcept;
  void give_memory(std::size_t bytes) noexcept;

  [[nodiscard]] block_file& file() noexcept { return file_; }

 private:
  std::atomic<std::int64_t> free_memory_;
  block_file file_;
};

/// A block of output as a record names it. Stored: the layout is the journal's.
struct recorded_block {
  std::uint64_t number = 0;
  std::uint64_t checksum = 0;  // of its bytes: support/checksum.hpp
  std::uint64_t length = 0;    // bytes, from 1
};

/// Recorded output is not what was written.
class output_damaged : public error {
 public:
  using error::error;
};

/// The bytes of one stream of one job, as far as they have not been shown. Move-only.
class held_output {
 public:
  held_output() = default;
  explicit held_output(output_store& store) : store_(&store) {}

  /// Bytes that need no store: what a journal recorded.
  explicit held_output(std::string bytes);

  held_output(held_output&& other) noexcept;
  held_output& operator=(held_output&& other) noexcept;
  ~held_output() { clear(); }

  /// What a record names. It can be read once it was attached to the store of its file.
  explicit held_output(const std::vector<recorded_block>& blocks);
  void attach(output_store& store) noexcept {
    if (recorded_) store_ = &store;
  }

  /// Throws cli::error where the file cannot be written.
  void append(std::string_view bytes);

  /// Calls `use(std::string_view)` for all bytes in their order. Throws cli::error where the file
  /// cannot be read.
  void visit(const std::function<void(std::string_view)>& use) const;

  /// The same but for the first `skipped` bytes, which are not read where whole blocks are.
  void visit_from(std::uint64_t skipped, const std::function<void(std::string_view)>& use) const;

  /// Reads all that a record names. Throws output_damaged where it is gone, or is something else.
  void check() const;

  /// Whether a record can name its blocks.
  [[nodiscard]] bool can_be_recorded() const noexcept {
    return store_ != nullptr && store_->file().stays();
  }
  /// Its blocks, all of which are the record's from now on, and are durable. Throws cli::error
  /// where they cannot be written. REQUIRES: can_be_recorded().
  [[nodiscard]] std::vector<recorded_block> record() const;

  [[nodiscard]] std::string bytes() const;
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  void clear() noexcept;

 private:
  struct piece {
    std::string memory = {};     // in memory
    std::uint64_t block = 0;     // or in the file,
    std::size_t length = 0;      // so many bytes: 0 for one in memory
    std::uint64_t checksum = 0;  // of one that a record named
  };

  bool append_to_memory(std::string_view bytes);
  std::size_t append_to_file(std::string_view bytes);

  output_store* store_ = nullptr;
  std::vector<piece> pieces_;
  std::uint64_t size_ = 0;
  mutable bool recorded_ = false;  // its blocks are a record's
};

}  // namespace cli
