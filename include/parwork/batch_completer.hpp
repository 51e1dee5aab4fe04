// The promise of the results of a span: what asynchronous work on many items at once finishes them
// by.
//
// Thread safety: a completer may be used and destroyed on any thread, by one thread at a time.
// Invariants: a span is finished once, all its items together: by its completer's use, by its
// destruction unused, or by an exception that leaves work before either counts.
#pragma once

#include <cstddef>
#include <exception>
#include <expected>
#include <type_traits>
#include <utility>
#include <vector>

#include "parwork/detail/async_call.hpp"
#include "parwork/detail/async_promise.hpp"
#include "parwork/failure.hpp"

namespace parwork {

/// Finishes one span of asynchronous work on spans: `batched(work, max)` with
/// `work(std::span<Item>, batch_completer<R>)`. Move-only. Destroyed unused it fails all items of
/// its span with `failure_kind::abandoned`. `process` waits for every span that is outstanding.
///
/// Each of `finish`, `succeed`, `fail` and `end_run` uses it up; a second use, or one after it was
/// moved from, throws `std::logic_error`. Where an exception that left work has finished the span
/// before, they have no effect.
template <class R>
class batch_completer : public detail::async_promise<detail::async_span<R>> {
  using call_type = detail::async_span<R>;

 public:
  using detail::async_promise<call_type>::async_promise;

  /// Finishes the span with an outcome for each item, in their order. A number of them that is not
  /// `size()` fails all items, with a message that says so. The vector is kept, and nothing is
  /// allocated.
  void finish(std::vector<std::expected<R, failure>> outcomes) {
    this->end([&](call_type& call) { call.set_outcomes(std::move(outcomes)); });
  }

  /// Finishes the span with a result for each item, in their order. A wrong number: as above.
  template <class Result = R>
    requires(!std::is_void_v<R> && std::is_same_v<Result, R>)
  void succeed(std::vector<Result> results) {
    this->end([&](call_type& call) { call.set_values(std::move(results)); });
  }
  /// The same of work without results.
  void succeed()
    requires(std::is_void_v<R>)
  {
    this->end([](call_type&) {});
  }

  /// Fails all items of the span. With retries each is tried again in a span of its own.
  void fail(failure why) {
    this->end([&](call_type& call) { call.set_failure(std::move(why)); });
  }

  /// Fails all items of the span with `error`, and ends the run: see `completer::end_run`.
  /// Throws `std::invalid_argument` where `error` is null.
  void end_run(std::exception_ptr error) {
    detail::refuse_null_error(error);
    this->end([&](call_type& call) {
      call.set_failure(detail::failure_of(error));
      call.end_run(std::move(error));
    });
  }

  /// How many items the span has, 1 or more. REQUIRES: not used, not moved from.
  [[nodiscard]] std::size_t size() const noexcept { return this->call().size; }
};

}  // namespace parwork
