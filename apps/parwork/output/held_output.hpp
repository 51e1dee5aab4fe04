// Output that waits for its turn: in memory up to a limit, beyond it in one unlinked file.
//
// Thread safety: an output_store may be used by several threads; a held_output by one at a time.
//
// Invariants:
// 1. The memory of all held output of a store never exceeds its limit (and a small part of it that
//    a block's growth copies).
// 2. The file is made when it is first needed; blocks that are free again are used again, so it is
//    never longer than what was held at one time.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

class output_store {
 public:
  static constexpr std::size_t block_size = std::size_t{64} * 1024;

  /// `memory`: bytes.
  explicit output_store(std::uint64_t memory) : free_memory_(static_cast<std::int64_t>(memory)) {}
  output_store(const output_store&) = delete;
  output_store& operator=(const output_store&) = delete;
  ~output_store();

  /// Whether there is room for so many bytes in memory; then they are the caller's to give back.
  [[nodiscard]] bool take_memory(std::size_t bytes) noexcept;
  void give_memory(std::size_t bytes) noexcept;

  /// Blocks of the file. Throw cli::error that names the folder.
  [[nodiscard]] std::uint64_t take_block();
  void give_block(std::uint64_t block) noexcept;
  void write(std::uint64_t block, std::size_t offset, std::string_view bytes);
  void read(std::uint64_t block, std::size_t length, std::string& into);

 private:
  void open_file();

  std::atomic<std::int64_t> free_memory_;
  std::mutex mutex_;  // of what follows
  int file_ = -1;
  std::string folder_;
  std::uint64_t blocks_ = 0;
  std::vector<std::uint64_t> free_blocks_;
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

  /// Throws cli::error where the file cannot be written.
  void append(std::string_view bytes);

  /// Calls `use(std::string_view)` for all bytes in their order. Throws cli::error where the file
  /// cannot be read.
  void visit(const std::function<void(std::string_view)>& use) const;

  [[nodiscard]] std::string bytes() const;
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  void clear() noexcept;

 private:
  struct piece {
    std::string memory = {};  // in memory
    std::uint64_t block = 0;  // or in the file,
    std::size_t length = 0;   // so many bytes: 0 for one in memory
  };

  bool append_to_memory(std::string_view bytes);
  std::size_t append_to_file(std::string_view bytes);

  output_store* store_ = nullptr;
  std::vector<piece> pieces_;
  std::uint64_t size_ = 0;
};

}  // namespace cli
