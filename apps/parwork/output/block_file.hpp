// Blocks of one file, for output that does not stay in memory. Either a file without a name, which
// ends with the process; or one beside a journal, whose blocks a record of the journal may name.
//
// Thread safety: any thread, and a block by one at a time.
//
// Invariants:
// 1. The file is opened, or made, when it is first needed.
// 2. Blocks that are free again are used again, so the file is never longer than what was held at
//    one time, and what earlier runs have left there.
// 3. Blocks that were there when it was opened are nobody's to take: records may name them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/descriptor.hpp"
#include "support/error.hpp"

namespace cli {

class block_file {
 public:
  static constexpr std::size_t block_size = std::size_t{64} * 1024;

  enum class use : std::uint8_t { read_write, read_only };

  /// A file without a name, in the folder for temporary files.
  block_file() = default;
  /// A file that stays.
  block_file(std::string name, use how) : name_(std::move(name)), use_(how) {}
  block_file(const block_file&) = delete;
  block_file& operator=(const block_file&) = delete;
  /// Gives back the room of free blocks at the end of a file that stays.
  ~block_file();

  [[nodiscard]] bool stays() const noexcept { return !name_.empty(); }

  /// All of these throw cli::error that names the file, or the folder of one without a name.
  [[nodiscard]] std::uint64_t take();
  void give(std::uint64_t block) noexcept;
  void write(std::uint64_t block, std::size_t offset, std::string_view bytes);
  void read(std::uint64_t block, std::size_t length, std::string& into);
  /// Returns when what was written survives a loss of power. REQUIRES: it stays.
  void sync();

 private:
  [[nodiscard]] int opened();
  void open_unnamed();
  void open_named();
  [[nodiscard]] error fault(const char* of_named, const char* of_unnamed, int code) const;

  const std::string name_;  // empty: it has none
  const use use_ = use::read_write;
  std::mutex mutex_;  // of what follows
  descriptor file_;
  bool is_new_ = false;        // its name is not known to be durable
  std::string folder_;         // of one without a name
  std::uint64_t earlier_ = 0;  // blocks that were there before
  std::uint64_t blocks_ = 0;   // with those
  std::vector<std::uint64_t> free_;
};

}  // namespace cli
