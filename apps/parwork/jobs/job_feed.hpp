// Gives a block of the input to the standard input of a job, as far as that takes it.
//
// Parts of files go to the pipe by sendfile(2): no byte of them comes to this process. Thread
// safety: none; a lane has it.
#pragma once

#include <cstdint>
#include <memory>

#include "input/block_source.hpp"
#include "support/descriptor.hpp"

namespace cli {

/// `ended`: all of it is in the pipe, or nobody reads there any more.
enum class feed_state : std::uint8_t { more, ended, unreadable };

class job_feed {
 public:
  job_feed() = default;
  job_feed(std::shared_ptr<const input_block> what, descriptor pipe)
      : what_(std::move(what)), pipe_(std::move(pipe)) {}

  [[nodiscard]] bool is_open() const noexcept { return pipe_.is_open(); }

  /// What is to be waited for until it takes more.
  [[nodiscard]] int pipe() const noexcept { return pipe_.get(); }

  /// Writes what there is room for, up to a MiB. Behind the last byte, or an error, the pipe is
  /// closed. REQUIRES: it is open, and does not block.
  [[nodiscard]] feed_state pump() noexcept;

  /// The errno of `unreadable`; 0: the file became shorter.
  [[nodiscard]] int fault() const noexcept { return fault_; }

  void close() noexcept;

 private:
  [[nodiscard]] ssize_t write_some() noexcept;
  [[nodiscard]] feed_state end(feed_state how) noexcept;

  std::shared_ptr<const input_block> what_;
  descriptor pipe_;
  std::uint64_t head_done_ = 0;
  std::uint64_t done_ = 0;
  int fault_ = 0;
};

}  // namespace cli
