// Served work of a type: takes items out of bytes, calls the user's work in whichever synchronous
// form it has, and puts the results into bytes.
//
// Thread safety: `execute` may run on several threads at once, each with a number of its own.
// Invariants: what work throws, and what does not fit its type, is that item's failure; the others
// of its batch are worked on. A span is the exception: what it throws fails all its items.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "parwork/codec.hpp"
#include "parwork/detail/nats_codec_identity.hpp"
#include "parwork/detail/nats_served.hpp"
#include "parwork/detail/nats_served_run.hpp"
#include "parwork/detail/work_caller.hpp"
#include "parwork/failure.hpp"

namespace parwork::nats::detail {

// --- What may be served ---

template <class Work>
consteval bool is_served_asynchronously() {
  using parwork::detail::is_batched_work;
  using parwork::detail::names_batch_completer;
  using parwork::detail::names_completer;
  if constexpr (is_batched_work<Work>) {
    return names_completer<decltype(Work::work)> || names_batch_completer<decltype(Work::work)>;
  } else {
    return names_completer<Work> || names_batch_completer<Work>;
  }
}

template <class Item, class Result>
consteval bool can_be_sent() {
  constexpr bool is_value = std::is_object_v<Item> && !std::is_const_v<Item>;
  static_assert(is_value,
                "parwork: serve<Item, Result>: Item must be a value, without & and const");
  constexpr bool item_ok = !is_value || encodable<Item>;
  static_assert(item_ok,
                "parwork: serve: items come as bytes, and there is no parwork::codec for this "
                "type: specialise parwork::codec<Item> with encode and decode");
  constexpr bool result_ok = std::is_void_v<Result> || encodable<Result>;
  static_assert(result_ok,
                "parwork: serve: results go as bytes, and there is no parwork::codec for this "
                "type: specialise parwork::codec<Result> with encode and decode");
  return is_value && item_ok && result_ok;
}

template <class Item, class Work>
consteval bool can_be_called() {
  constexpr bool is_async = is_served_asynchronously<Work>();
  static_assert(
      !is_async,
      "parwork: served work is synchronous: it returns its result, and takes no completer");
  constexpr bool is_wrapped = parwork::detail::is_keyed_work<Work> ||
                              parwork::detail::is_limited_work<Work> ||
                              parwork::detail::is_staged_work<Work>;
  static_assert(!is_wrapped,
                "parwork: served work is a callable, batched or per_worker: keyed, limited and "
                "stages belong into the submitter's call of process");
  if constexpr (!is_async && !is_wrapped) {
    constexpr bool ok = parwork::detail::accepts_item<Work, Item>();
    static_assert(ok,
                  "parwork: served work must be callable as work(item) or work(item, context&); "
                  "with per_worker as work(state, item) or work(state, item, context&); with "
                  "batched as work(std::span<Item>)");
    return ok;
  }
  return false;
}

template <class Item, class Result, class Work>
consteval bool can_be_served() {
  if constexpr (can_be_sent<Item, Result>() && can_be_called<Item, Work>()) {
    using given = typename parwork::detail::caller_for<Work, Item>::result_type;
    constexpr bool ok =
        std::is_void_v<Result> ? std::is_void_v<given> : std::is_convertible_v<given, Result>;
    static_assert(ok, "parwork: serve<Item, Result>: work must return what converts to Result");
    return ok;
  }
  return false;
}

// --- How ---

template <class Item>
using decoded_item = std::expected<Item, failure>;

template <class Item>
[[nodiscard]] decoded_item<Item> decode_item(std::string_view bytes) noexcept {
  try {
    decoded_item<Item> item(std::in_place, codec<Item>::decode(bytes));
    if (bytes.empty()) return item;
    return std::unexpected(item_with_bytes_left(typeid(Item), bytes.size()));
  } catch (...) {
    return std::unexpected(undecodable_item(typeid(Item)));
  }
}

// Gives outcomes of a type to the sink.
template <class Result>
class typed_sink {
 public:
  explicit typed_sink(outcome_sink& into) noexcept : into_(into) {}

  template <class R>
  void put(std::expected<R, failure>&& its) {
    if (!its.has_value()) return into_.failed(its.error());
    if constexpr (std::is_void_v<R>) {
      into_.succeeded({});
    } else {
      if (const auto why = encode(*std::move(its))) return into_.failed(*why);
      into_.succeeded(bytes_);
    }
  }
  void fail(const failure& why) { into_.failed(why); }
  [[nodiscard]] bool is_cut_short() const noexcept { return into_.is_cut_short(); }

 private:
  template <class R>
  [[nodiscard]] std::optional<failure> encode(R&& value) noexcept {
    try {
      bytes_.clear();
      if constexpr (std::is_same_v<R, Result>) {
        codec<Result>::encode(value, bytes_);
      } else {
        codec<Result>::encode(static_cast<Result>(std::forward<R>(value)), bytes_);
      }
      return std::nullopt;
    } catch (...) {
      return parwork::detail::current_failure();
    }
  }

  outcome_sink& into_;
  std::string bytes_;
};

template <class Item, class Result, class Work>
class typed_served_work final : public served_work {
  using caller_type = parwork::detail::caller_for<Work, Item>;
  using result_type = typename caller_type::result_type;
  using outcome_type = std::expected<result_type, failure>;
  using clock = std::chrono::steady_clock;

 public:
  // `threads`: whose numbers are below.
  template <class Given>
  typed_served_work(Given&& work, unsigned threads)
      : work_(std::forward<Given>(work)), caller_(work_, threads) {
    (void)parwork::detail::standing();  // the failures that need no memory later
    item_codec = codec_identity<Item>();
    result_codec = codec_identity<Result>();
  }

  void execute(const std::vector<served_item>& items, const execution& how,
               outcome_sink& into) override {
    served_run run(stops_, how.stop);
    typed_sink<Result> sink(into);
    if constexpr (caller_type::is_batched) {
      in_spans(items, how, sink);
    } else {
      served_thread by(run, how.thread);
      for (const served_item& each : items) {
        if (sink.is_cut_short()) return;
        auto item = decode_item<Item>(each.bytes);
        if (item.has_value()) {
          sink.put(attempt_at(run, by, *item, each, how.timeout));
        } else {
          sink.fail(item.error());
        }
      }
    }
  }

  void destroy_states() noexcept override { caller_.destroy_states(); }

 private:
  // --- One item after the other ---

  outcome_type attempt_at(served_run& run, served_thread& by, Item& item, const served_item& which,
                          std::chrono::nanoseconds timeout) noexcept {
    parwork::detail::attempt now{which.index, which.attempt};
    if (timeout.count() <= 0) return attempted(run, by, item, now);
    now.deadline = deadline_after(timeout);
    outcome_type its = attempted(run, by, item, now);
    if (const auto ended = clock::now(); ended > *now.deadline) {
      return std::unexpected(late_failure(timeout, ended - *now.deadline));
    }
    return its;
  }
  outcome_type attempted(served_run& run, served_thread& by, Item& item,
                         const parwork::detail::attempt& which) noexcept {
    try {
      return caller_.call(run, by, item, which, parwork::detail::afterwards::item_is_free);
    } catch (...) {
      return std::unexpected(parwork::detail::current_failure());
    }
  }

  // --- Spans ---

  // The longest span that is wanted now.
  std::expected<std::size_t, failure> longest() noexcept {
    const std::size_t most = caller_.most();
    if constexpr (parwork::detail::asks_for_length<Work>) {
      try {
        const auto wanted = caller_.length()();
        if (std::cmp_less(wanted, 1)) return 1;
        return std::cmp_less(most, wanted) ? most : static_cast<std::size_t>(wanted);
      } catch (...) {
        return std::unexpected(parwork::detail::current_failure());
      }
    } else {
      return most;
    }
  }

  void in_spans(const std::vector<served_item>& items, const execution& how,
                typed_sink<Result>& sink) {
    for (std::size_t from = 0; from < items.size();) {
      if (sink.is_cut_short()) return;
      const auto wanted = longest();
      if (!wanted.has_value()) {
        sink.fail(wanted.error());
        ++from;
        continue;
      }
      const std::size_t count = std::min(*wanted, items.size() - from);
      span_of(std::span(items).subspan(from, count), how.timeout, sink);
      from += count;
    }
  }

  // Those that are no items are left out of the span.
  void span_of(std::span<const served_item> items, std::chrono::nanoseconds timeout,
               typed_sink<Result>& sink) {
    std::vector<Item> values;
    std::vector<std::optional<failure>> undecodable(items.size());
    values.reserve(items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
      auto item = decode_item<Item>(items[i].bytes);
      if (item.has_value()) {
        values.push_back(*std::move(item));
      } else {
        undecodable[i] = item.error();
      }
    }
    std::vector<outcome_type> done = called_with(values, timeout);
    std::size_t next = 0;
    for (const auto& why : undecodable) {
      if (why.has_value()) {
        sink.fail(*why);
      } else {
        sink.put(std::move(done[next++]));
      }
    }
  }

  std::vector<outcome_type> called_with(std::vector<Item>& values,
                                        std::chrono::nanoseconds timeout) {
    std::vector<outcome_type> done;
    if (values.empty()) return done;
    done.reserve(values.size());
    std::optional<failure> of_all;
    const auto deadline = deadline_after(timeout);
    try {
      auto results = caller_.call(std::span(values));
      for (std::size_t i = 0; i < values.size(); ++i) done.push_back(caller_type::take(results[i]));
    } catch (...) {
      of_all = parwork::detail::current_failure();
    }
    if (timeout.count() > 0) {
      const auto ended = clock::now();
      if (ended > deadline) of_all = late_failure(timeout, ended - deadline);
    }
    if (!of_all.has_value()) return done;
    done.clear();
    for (std::size_t i = 0; i < values.size(); ++i) done.emplace_back(std::unexpect, *of_all);
    return done;
  }

  Work work_;
  caller_type caller_;
  attempt_stops stops_;
};

}  // namespace parwork::nats::detail
