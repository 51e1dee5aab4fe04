// A lane of the recorder for each thread of each worker.
//
// Thread safety: `begin` and `end` may be called by any thread, `add` by one; after `end` has
// returned the recorder is not touched any more. Invariants: names of lanes are those of workers'
// threads, so a worker that comes back goes on in its lane.
#pragma once

#include <unordered_map>
#include <vector>

#include "nats/submitter_machine.hpp"
#include "parwork/detail/mutex.hpp"
#include "parwork/recorder.hpp"

namespace parwork::nats::detail {

class remote_recording {
 public:
  /// `into` may be null: nobody records.
  void begin(recorder* into) noexcept PARWORK_EXCLUDES(lock_);
  void end() noexcept PARWORK_EXCLUDES(lock_) { begin(nullptr); }
  [[nodiscard]] bool is_on() const noexcept PARWORK_EXCLUDES(lock_);
  void add(const remote_execution& what) noexcept PARWORK_EXCLUDES(lock_);

 private:
  [[nodiscard]] remote_lane_id lane_of(const remote_worker& worker, std::uint32_t thread)
      PARWORK_REQUIRES(lock_);

  mutable parwork::detail::mutex lock_;
  recorder* into_ PARWORK_GUARDED_BY(lock_) = nullptr;
  std::unordered_map<session_id, std::vector<remote_lane_id>, session_id_hash> lanes_
      PARWORK_GUARDED_BY(lock_);
};

}  // namespace parwork::nats::detail
