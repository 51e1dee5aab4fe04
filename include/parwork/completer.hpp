// The promise of an asynchronous work's result.
//
// Thread safety: a completer may be used and destroyed on any thread, by one thread at a time.
// Invariants: an item is finished once: by the completer's use, by its destruction unused, or by an
// exception that leaves work before either counts.
#pragma once

#include <concepts>
#include <exception>
#include <expected>
#include <type_traits>
#include <utility>

#include "parwork/detail/async_call.hpp"
#include "parwork/detail/async_promise.hpp"
#include "parwork/failure.hpp"

namespace parwork {

/// Finishes one item of asynchronous work. Move-only. Destroyed unused it fails its item with
/// `failure_kind::abandoned`. `process` waits for every item that is outstanding.
template <class R>
class completer : public detail::async_promise<detail::async_result<R>> {
  using call_type = detail::async_result<R>;

 public:
  using detail::async_promise<call_type>::async_promise;

  /// Finishes the item with a result. Throws `std::logic_error` where the completer was used before
  /// or moved from. An exception from making the result becomes the item's failure.
  template <class... Value>
    requires(std::is_void_v<R>
                 ? sizeof...(Value) == 0
                 : sizeof...(Value) == 1 && (std::constructible_from<R, Value> && ...))
  void succeed(Value&&... value) {
    this->end([&](call_type& call) {
      try {
        call.result.emplace(std::in_place, std::forward<Value>(value)...);
      } catch (...) {
        call.result.emplace(std::unexpect, failure(std::current_exception()));
      }
    });
  }

  /// Finishes the item with a failure. Throws `std::logic_error` where the completer was used
  /// before or moved from.
  void fail(failure why) {
    this->end([&](call_type& call) { call.result.emplace(std::unexpect, std::move(why)); });
  }

  /// Fails the item with `error` and ends the run as a collector that throws it does: nothing new
  /// is begun, nothing more is collected (a call that is under way goes on), what is outstanding is
  /// waited for, and `process` throws `error`, unless another came first. For what concerns all
  /// items, such as a connection that is gone. A journal does not record its item, nor those whose
  /// completers are destroyed unused from then on. Without effect, as `succeed` and `fail`, where
  /// an exception that left work has finished the item. Throws `std::invalid_argument` where
  /// `error` is null, and `std::logic_error` as above. May call callbacks of the run's stop token.
  void end_run(std::exception_ptr error) {
    detail::refuse_null_error(error);
    this->end([&](call_type& call) {
      call.result.emplace(std::unexpect, detail::failure_of(error));
      call.end_run(std::move(error));
    });
  }
};

}  // namespace parwork
