// What has happened to a submitter and waits for its thread.
//
// Thread safety: any thread may put; one takes. What happened before `put` happens before the
// `take` that returns it. Invariants: everything is taken once, in the order in which it was put.
// Whoever puts waits for nobody but a holder of the lock, who holds it for some stores.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "nats/messages.hpp"
#include "nats/open_spans.hpp"
#include "nats/poll_watch.hpp"
#include "parwork/detail/mutex.hpp"
#include "parwork/detail/nats_remote.hpp"

namespace parwork::nats::detail {

namespace happening {

struct submitted {
  std::unique_ptr<outgoing_span> span;
};
struct span_stopped {
  span_number which;
};
struct run_began {};
struct total_known {
  std::uint64_t items;
};
struct run_ended {};
/// A message of a worker.
struct arrived {
  session_id from;
  std::string frame;
};
struct worker_is_here {};
struct status_asked {
  std::string reply;
};
struct nobody_there {
  session_id worker;
};
struct server_gone {};
struct server_back {};
struct refused {
  std::exception_ptr why;
};

using any =
    std::variant<submitted, span_stopped, run_began, total_known, run_ended, arrived,
                 worker_is_here, status_asked, nobody_there, server_gone, server_back, refused>;

}  // namespace happening

class submitter_inbox {
 public:
  enum class state { open, closed };

  void put(happening::any what) PARWORK_EXCLUDES(lock_);
  /// What is taken next is the last.
  void close() noexcept PARWORK_EXCLUDES(lock_);

  /// Waits until there is something, or until then. `into` is what was handled last: its memory is
  /// used again.
  state take(std::vector<happening::any>& into, time_point until) PARWORK_EXCLUDES(lock_);

 private:
  parwork::detail::mutex lock_;
  std::condition_variable_any filled_;
  std::vector<happening::any> waiting_ PARWORK_GUARDED_BY(lock_);
  bool is_closed_ PARWORK_GUARDED_BY(lock_) = false;
};

}  // namespace parwork::nats::detail
