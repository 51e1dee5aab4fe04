// Whether a worker is there, by the polls that it answers.
//
// Polls count, not time: a submitter that was frozen has asked nothing meanwhile, and blames
// nobody.
//
// Thread safety: one thread at a time. Invariants: a poll counts as unanswered once a whole
// heartbeat of this submitter's waking has passed over it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace parwork::nats::detail {

using time_point = std::chrono::steady_clock::time_point;

/// How this submitter has come to its next poll.
enum class wakefulness { on_time, late };

class poll_watch {
 public:
  /// REQUIRES: `most` is 1 or more: polls without an answer that make a worker lost.
  explicit poll_watch(unsigned most) : most_(most) {}

  /// The heartbeat is over: judges the last poll. Then is_lost() is asked.
  void heartbeat_over(wakefulness how, std::chrono::nanoseconds heartbeat,
                      time_point now) noexcept {
    // One asked between two heartbeats is given the next one, too.
    const bool had_its_time = now - asked_at_ >= heartbeat - heartbeat / 8;
    if (!is_answered_ && had_its_time && how == wakefulness::on_time) ++unanswered_;
  }
  /// Asks: `number` is above all that were asked before, of any worker, so that what a worker
  /// answers late is never taken for an answer to a later question.
  void ask(std::uint64_t number, time_point now) noexcept {
    asked_at_ = now;
    is_answered_ = false;
    number_ = number;
  }
  /// Status 503: the last poll had nobody to receive it.
  void had_nobody() noexcept { ++deaf_; }
  /// A message of the worker, of any kind.
  void heard() noexcept {
    unanswered_ = 0;
    deaf_ = 0;
    most_deaf_ = usual_deaf;
    is_answered_ = true;
  }
  /// One's own connection is back: it may be slower there.
  void start_anew() noexcept {
    unanswered_ = 0;
    deaf_ = 0;
    most_deaf_ = deaf_after_reconnect;
    is_answered_ = true;  // what was asked before is not judged
  }

  [[nodiscard]] bool is_lost() const noexcept {
    return unanswered_ >= most_ || deaf_ >= most_deaf_;
  }
  /// The last poll's; 0 before the first.
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
  /// How long the answer to that poll has taken. Nothing where it is another than the last.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> taken(std::uint64_t poll,
                                                              time_point now) const noexcept {
    if (poll != number_ || poll == 0) return std::nullopt;
    return now - asked_at_;
  }

 private:
  static constexpr unsigned usual_deaf = 2;
  static constexpr unsigned deaf_after_reconnect = 5;

  unsigned most_;
  std::uint64_t number_ = 0;
  time_point asked_at_{};
  bool is_answered_ = true;
  unsigned unanswered_ = 0;
  unsigned deaf_ = 0;
  unsigned most_deaf_ = usual_deaf;
};

}  // namespace parwork::nats::detail
