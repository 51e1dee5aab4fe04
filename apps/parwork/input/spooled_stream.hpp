// A stream that is copied to a file ahead of whoever reads it, so that a run that is killed leaves
// all that had arrived.
//
// Thread safety: as byte_stream; the copying is done by a thread of its own.
//
// Invariants:
// 1. What is read comes from the file, in order: nothing is read before it is kept.
// 2. The file is announced as whole once, behind its last byte and after fdatasync(2).
// 3. After a stop what is there already is still copied, up to 64 MiB: a producer that has ended
//    leaves its whole output, and an endless one does not keep the run from ending.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "input/byte_stream.hpp"

namespace cli {

class spooled_stream : public byte_stream {
 public:
  /// Makes the file anew. `whole`: called by the copying thread with the number of bytes; what it
  /// throws leaves `read`. Throws cli::error where the file cannot be made.
  spooled_stream(std::shared_ptr<byte_stream> from, std::string file,
                 std::function<void(std::uint64_t)> whole);
  spooled_stream(const spooled_stream&) = delete;
  spooled_stream& operator=(const spooled_stream&) = delete;

  ~spooled_stream() override { finish(); }

  /// Stops, and waits until the thread has ended. By one thread at a time.
  void finish() noexcept;

  bool read(std::string& into, waiting how) override;
  [[nodiscard]] bool has_ended() const noexcept override { return read_all_; }
  void stop() noexcept override;
  [[nodiscard]] const std::string& name() const noexcept override { return from_->name(); }

 private:
  void copy() noexcept;
  void copy_until_stopped();
  [[nodiscard]] bool copy_block(waiting how);
  [[nodiscard]] bool is_ready() const { return kept_ > read_ || over_ || fault_ != nullptr; }

  const std::shared_ptr<byte_stream> from_;
  const std::string file_;
  const std::function<void(std::uint64_t)> whole_;
  descriptor kept_in_;
  std::string block_;       // of the copying thread
  std::uint64_t read_ = 0;  // these two are the reader's
  bool read_all_ = false;
  std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  std::uint64_t kept_ = 0;  // bytes
  bool is_whole_ = false;
  bool over_ = false;  // nothing more will be kept
  bool stopped_ = false;
  std::exception_ptr fault_;
  std::thread thread_;
};

}  // namespace cli
