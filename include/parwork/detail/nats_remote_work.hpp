// Work of a run that is done on other machines: spans of items become bytes, and bytes results.
//
// Thread safety: spans begin on the run's workers, several at once, and end on the session's
// thread. Invariants: each item of a span gets one outcome. A span is finished when its last
// stretch is.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <expected>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "parwork/batch_completer.hpp"
#include "parwork/batched.hpp"
#include "parwork/codec.hpp"
#include "parwork/detail/nats_remote.hpp"
#include "parwork/failure.hpp"
#include "parwork/options.hpp"

namespace parwork::nats::detail {

/// What became of the items of one span, shared by its stretches.
template <class Result>
class span_outcomes {
 public:
  using outcome = std::expected<Result, failure>;

  span_outcomes(batch_completer<Result> done, std::size_t size)
      : done_(std::move(done)),
        outcomes_(size, outcome(std::unexpect, parwork::detail::standing().abandoned)) {}

  [[nodiscard]] const batch_completer<Result>& completer() const noexcept { return done_; }
  [[nodiscard]] outcome& of(std::size_t item) noexcept { return outcomes_[item]; }

  /// One for each stretch, and one for whoever makes them.
  void hold() noexcept { holders_.fetch_add(1); }
  void let_go() noexcept {
    if (holders_.fetch_sub(1) > 1 || is_over_.exchange(true)) return;
    done_.finish(std::move(outcomes_));
  }
  void end_run(std::exception_ptr error) noexcept {
    if (!is_over_.exchange(true)) done_.end_run(std::move(error));
  }

 private:
  batch_completer<Result> done_;
  std::vector<outcome> outcomes_;
  std::atomic<std::size_t> holders_{1};
  std::atomic<bool> is_over_{false};
};

/// Consecutive items of a span that could be encoded.
template <class Result>
class typed_stretch final : public outgoing_span {
 public:
  typed_stretch(std::shared_ptr<span_outcomes<Result>> whole, std::size_t first)
      : whole_(std::move(whole)), first_(first), stop_(whole_->completer().stop_token()) {
    first_index = whole_->completer().index() + first;
    attempt = whole_->completer().attempt();
    deadline = whole_->completer().deadline();
    whole_->hold();
  }
  ~typed_stretch() override {
    if (!is_finished_) whole_->let_go();
  }

  void succeed(std::size_t item, std::string_view result) noexcept override {
    auto& into = whole_->of(first_ + item);
    try {
      if constexpr (std::is_void_v<Result>) {
        into = {};
      } else {
        into = codec<Result>::decode(result);
      }
      if (!result.empty()) {
        throw codec_error("parwork: " + std::to_string(result.size()) +
                          " bytes are left over behind a result from a worker");
      }
    } catch (...) {
      into = std::unexpected(parwork::detail::current_failure());
    }
  }
  void fail(std::size_t item, failure why) noexcept override {
    whole_->of(first_ + item) = std::unexpected(std::move(why));
  }
  void finish() noexcept override {
    is_finished_ = true;
    whole_->let_go();
  }
  void end_run(std::exception_ptr error) noexcept override { whole_->end_run(std::move(error)); }
  [[nodiscard]] std::stop_token stop_token() const override { return stop_; }

 private:
  std::shared_ptr<span_outcomes<Result>> whole_;
  const std::size_t first_;
  const std::stop_token stop_;
  bool is_finished_ = false;
};

/// The asynchronous work on spans that a run is given.
template <class Item, class Result>
class remote_call {
 public:
  explicit remote_call(std::shared_ptr<remote_session> session) noexcept
      : session_(std::move(session)) {}

  void operator()(std::span<Item> items, batch_completer<Result> done) const {
    const auto whole = std::make_shared<span_outcomes<Result>>(std::move(done), items.size());
    std::unique_ptr<outgoing_span> stretch;
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (!stretch) {
        stretch = std::make_unique<typed_stretch<Result>>(whole, i);
        stretch->ends.reserve(items.size() - i);
      }
      if (!append(items[i], *stretch, *whole, i) || stretch->bytes.size() >= longest_stretch) {
        submit(std::exchange(stretch, nullptr));
      }
    }
    submit(std::move(stretch));
    whole->let_go();
  }

  [[nodiscard]] remote_session& session() const noexcept { return *session_; }

 private:
  // Ends of items are kept in 32 bits; an item may have a few times 64 MiB before it is refused.
  static constexpr std::size_t longest_stretch = std::size_t{1} << 30;
  static constexpr std::size_t longest_item = std::size_t{1} << 31;

  // False: the item cannot be encoded, and has failed; the stretch ends before it.
  static bool append(const Item& item, outgoing_span& into, span_outcomes<Result>& whole,
                     std::size_t which) {
    const std::size_t before = into.bytes.size();
    try {
      codec<Item>::encode(item, into.bytes);
      if (into.bytes.size() - before > longest_item) {
        throw codec_error("parwork: an item of " + std::to_string(into.bytes.size() - before) +
                          " bytes is larger than the 64 MiB that can be sent to a worker: send the "
                          "name of a file");
      }
      into.ends.push_back(static_cast<std::uint32_t>(into.bytes.size()));
      return true;
    } catch (...) {
      into.bytes.resize(before);
      whole.of(which) = std::unexpected(parwork::detail::current_failure());
      return false;
    }
  }

  void submit(std::unique_ptr<outgoing_span> stretch) const {
    if (!stretch) return;
    if (stretch->size() == 0) {
      stretch->finish();
    } else {
      session_->submit(std::move(stretch));
    }
  }

  std::shared_ptr<remote_session> session_;
};

/// A run uses the session as long as it lives.
class remote_scope {
 public:
  template <class Work>
  remote_scope(Work& work, const parwork::options& given) : session_(work.work.session()) {
    session_.run_begins(given.record);
    if (given.total) session_.expects(*given.total);
    is_total_given_ = given.total.has_value();
  }
  remote_scope(const remote_scope&) = delete;
  remote_scope& operator=(const remote_scope&) = delete;
  ~remote_scope() { session_.run_ends(); }

  /// So many items, unless the options have said otherwise.
  void generates(std::uint64_t items) noexcept {
    if (!is_total_given_) session_.expects(items);
  }

 private:
  bool is_total_given_ = false;
  remote_session& session_;
};

/// How long the next span is to be: see batched.
class remote_length {
 public:
  explicit remote_length(std::shared_ptr<remote_session> session) noexcept
      : session_(std::move(session)) {}
  std::size_t operator()() const noexcept { return session_->longest_wanted(); }

 private:
  std::shared_ptr<remote_session> session_;
};

}  // namespace parwork::nats::detail
