// What work can ask about the attempt it is in, and how it adds items to the run.
//
// Thread safety: a context belongs to the attempt it was given to: use it on that thread and not
// after work has returned. The stop token it gives may go anywhere, and any thread may call `spawn`
// while the attempt runs.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace parwork {

namespace detail {
class attempt_stop;
class run_services;
class worker_base;

struct attempt_stop_deleter {
  void operator()(attempt_stop* stop) const noexcept;
};
using attempt_stop_ptr = std::unique_ptr<attempt_stop, attempt_stop_deleter>;

// One execution of work on one item.
struct attempt {
  std::uint64_t index;
  unsigned number;  // from 1
  std::optional<std::chrono::steady_clock::time_point> deadline = {};
};

}  // namespace detail

/// The attempt that work is in.
class context {
 public:
  context(const context&) = delete;
  context& operator=(const context&) = delete;

  /// Requested when the run is stopped and when this attempt's deadline passes.
  [[nodiscard]] std::stop_token stop_token();

  /// The item's position in generator order, from 0.
  [[nodiscard]] std::uint64_t index() const noexcept { return attempt_.index; }

  /// Which attempt on this item this is, from 1.
  [[nodiscard]] unsigned attempt() const noexcept { return attempt_.number; }

  /// The worker that runs it, 0 to `workers - 1`.
  [[nodiscard]] unsigned worker() const noexcept;

  /// When `options::timeout` ends this attempt; nothing where there is none.
  [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> deadline() const noexcept {
    return attempt_.deadline;
  }

  /// Adds an item to the run. It is not bound by `queue` and is taken before new generator items,
  /// the newest first. Throws `std::logic_error` where `Item` is not the run's item or the run has
  /// `ordering::input`. Any thread may call it while the attempt runs, in the work of a nested run
  /// too; on another thread than the attempt's it takes a lock. With `refs(range)` the child is an
  /// element of any place, `spawn(std::ref(element))`.
  template <class Item>
  void spawn(Item child) {
    static_assert(!std::is_reference_v<Item> && !std::is_const_v<Item>);
    spawn_item(typeid(Item), std::addressof(child));
  }

  /// For the engine.
  context(detail::run_services& run, detail::worker_base& worker, detail::attempt which)
      : run_(run), worker_(worker), attempt_(which) {}

 private:
  void spawn_item(const std::type_info& type, void* child);

  detail::run_services& run_;
  detail::worker_base& worker_;
  detail::attempt attempt_;
  detail::attempt_stop_ptr
      stop_;  // made at the first stop_token() of an attempt that has a deadline
};

}  // namespace parwork
