// start: a run that goes on while its caller does something else.
//
// Thread safety: a `running` is used by one thread at a time, but for `done`, `request_stop`,
// `get_progress` and `control`, which any thread may call until it is destroyed or moved.
// Invariant: when `wait` has returned, or the destructor has, no thread runs user code of the run.
#pragma once

#include <functional>
#include <memory>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "parwork/detail/null_check.hpp"
#include "parwork/detail/started_run.hpp"
#include "parwork/detail/typed_run.hpp"
#include "parwork/options.hpp"
#include "parwork/process.hpp"
#include "parwork/progress.hpp"
#include "parwork/run_control.hpp"
#include "parwork/summary.hpp"

namespace parwork {

/// A run under way, made by `start`. Move-only. Destroyed without `wait` it requests a stop, waits
/// for the run's end, and drops what the run threw. Its parts are destroyed with it.
class running {
 public:
  /// Waits for the run's end; returns and throws what `process` does. Once: a second call throws
  /// `std::logic_error`, and so does one on a `running` that was moved from.
  summary wait() { return its().wait(); }

  /// Whether `wait` would return at once.
  [[nodiscard]] bool done() const { return its().is_done(); }

  /// As `options::stop`: no further generator call, started attempts finish, the rest arrives as
  /// cancelled. Returns at once.
  void request_stop() { its().request_stop(); }

  /// How far it has come; behind its end that of the end.
  [[nodiscard]] progress get_progress() const { return its().now(); }

  /// Pauses, resumes and resizes it: `options::control`, or one of its own.
  [[nodiscard]] run_control& control() { return its().control(); }

  /// For `start`.
  explicit running(std::unique_ptr<detail::started_run> run) noexcept : run_(std::move(run)) {}

 private:
  [[nodiscard]] detail::started_run& its() const {
    if (run_) return *run_;
    throw std::logic_error("parwork: running: it was moved from, so it has no run");
  }

  std::unique_ptr<detail::started_run> run_;
};

namespace detail {

// Parts as std::thread keeps its arguments: copied or moved, references from std::ref.
template <class Generator, class Work, class Collector>
class typed_parts final : public started_parts {
 public:
  template <class G, class W, class C>
  typed_parts(G&& generator, W&& work, C&& collector, options&& given)
      : generator_(std::forward<G>(generator)),
        work_(std::forward<W>(work)),
        collector_(std::forward<C>(collector)),
        run_(generator_, work_, collector_, std::move(given), nobody_, calling_thread::leaves) {}

  [[nodiscard]] run_handle& handle() noexcept override { return run_.handle(); }

 private:
  Generator generator_;
  Work work_;
  Collector collector_;
  unobserved nobody_;
  typed_run<Generator&, Work&, Collector&> run_;
};

template <class Collector>
consteval bool is_referred_to_if_reduction() {
  constexpr bool ok = std::is_reference_v<Collector> || !is_reduction<Collector>;
  static_assert(ok,
                "parwork: start would keep a copy of reduce, whose value() nobody could read: pass "
                "std::ref(reduction)");
  return ok;
}

}  // namespace detail

// Not found by the arguments' namespace: a user's function of this name would lose against it.
namespace calls {

/// Starts a run and returns at once: `process` on another thread. The parts are moved in or copied
/// as std::thread does; `std::ref` refers to them instead, ranges and `reduce` too (a reduction
/// has to be). The calling thread is no worker. A thread made like the pool's takes its place, as
/// `runs_on::caller` too, so `wait` inside another run's work cannot deadlock.
///
/// Throws what `process` throws before it begins: `std::invalid_argument` for bad options,
/// `std::logic_error` for a control or recorder in use; `std::system_error` where there is no
/// thread; what the pool's `on_thread_start` throws.
///
/// Cost: a thread, 26-38 us, and that of a run with a control.
template <class Generator, class Work = detail::name_of_many,
          class Collector = detail::name_of_many>
  requires detail::resolved<Work, Collector>
[[nodiscard]] running start(Generator&& generator, Work&& work, Collector&& collector,
                            options given = {}) {
  using kept_generator = std::unwrap_ref_decay_t<Generator>;
  using kept_work = std::unwrap_ref_decay_t<Work>;
  using kept_collector = std::unwrap_ref_decay_t<Collector>;
  std::unique_ptr<detail::started_run> made;
  if constexpr (detail::is_referred_to_if_reduction<kept_collector>()) {
    if constexpr (detail::accepts_call<kept_generator&, kept_work&, kept_collector&>()) {
      using detail::refuse_null;
      refuse_null(static_cast<const std::remove_reference_t<kept_generator>&>(generator),
                  "the generator");
      refuse_null(static_cast<const std::remove_reference_t<kept_work>&>(work), "work");
      refuse_null(static_cast<const std::remove_reference_t<kept_collector>&>(collector),
                  "the collector");
      using item = detail::plain_item_t<generator_item_t<kept_generator&>>;
      detail::refuse_moved_retries<std::remove_reference_t<kept_work>, item>(given);
      made = std::make_unique<detail::started_run>(given);
      made->begin(std::make_unique<detail::typed_parts<kept_generator, kept_work, kept_collector>>(
          std::forward<Generator>(generator), std::forward<Work>(work),
          std::forward<Collector>(collector), std::move(given)));
    }
  }
  return running(std::move(made));
}

}  // namespace calls
using namespace calls;

}  // namespace parwork
