// worker: executes the work of submitters on other machines.
//
// Thread safety: one thread at a time, but for `detail::leave_at_once`, which any may call.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>

#include "parwork/detail/nats_served_work.hpp"
#include "parwork/detail/null_check.hpp"
#include "parwork/nats_options.hpp"

namespace parwork::nats {

class worker;

namespace detail {

class link;
class link_listener;
class worker_core;

/// Makes the worker's connection; its listener is called until it is destroyed.
using worker_link_factory =
    std::function<std::unique_ptr<link>(const worker_options&, link_listener&)>;

/// For the tool, at a second TERM: `run` gives back what runs, too, and returns as soon as work
/// does. Nothing happens where nothing runs. Not for signal handlers.
void leave_at_once(worker& which) noexcept;

}  // namespace detail

/// Serves work by name on threads of its own. Any number of workers may come and go at any time.
///
/// It does what anyone sends who may publish to it: see the documentation for how to secure a
/// server.
class worker {
 public:
  /// Connects. Throws `std::invalid_argument` for options out of range, `unreachable` where no
  /// server answers within `connect_timeout`, `access_denied` where it refuses.
  explicit worker(worker_options given);
  /// For tests.
  worker(worker_options given, const detail::worker_link_factory& make_link);
  ~worker();
  worker(const worker&) = delete;
  worker& operator=(const worker&) = delete;

  /// Work under a name (1 to 64 letters, digits, `_` and `-`): `work(item)` or
  /// `work(item, context&)`, `per_worker` or `batched`, called by several threads at once. The
  /// context has the submitter's index and attempt, and spawns nothing. What work throws is the
  /// item's failure. A submitter's types have to be the same: see `codec`.
  ///
  /// Throws `std::invalid_argument` for a name that is none and for work that is null,
  /// `std::logic_error` where the name is served already, or `run` is under way.
  template <class Item, class Result, class Work>
  void serve(std::string name, Work work) {
    if constexpr (detail::can_be_served<Item, Result, Work>()) {
      parwork::detail::refuse_null(work, "work");
      add(std::move(name), std::make_unique<detail::typed_served_work<Item, Result, Work>>(
                               std::move(work), threads()));
    }
  }

  /// Works until it is stopped, or has been idle for `idle_exit`. Blocks.
  ///
  /// Stopped, it finishes the items that run, gives back the rest, waits until its results are
  /// taken, and says goodbye. After `leave_within` it gives back what still runs, and requests the
  /// stop token of it: `run` returns when that work does. It is idle without batches, and without
  /// results that a submitter may come back for.
  ///
  /// Throws `disconnected` where there has been no server for `give_up_after`; `access_denied`
  /// where the server does not permit what a worker needs; `std::logic_error` where nothing is
  /// served, or `run` is under way. May be called again.
  void run(std::stop_token stop = {});

 private:
  friend void detail::leave_at_once(worker& which) noexcept;

  void add(std::string name, std::unique_ptr<detail::served_work> work);
  [[nodiscard]] unsigned threads() const noexcept;

  std::unique_ptr<detail::worker_core> core_;
};

}  // namespace parwork::nats
