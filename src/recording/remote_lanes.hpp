// Lanes of what other machines do for a run: whoever speaks with them says what their threads did,
// and when. See recorder::remote_lane.
//
// Thread safety: any thread during the run; after it whoever reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "parwork/detail/lane.hpp"
#include "parwork/detail/mutex.hpp"

namespace parwork::detail {

class recording;

class remote_lanes {
 public:
  struct named_lane {
    named_lane(recording& owner, std::size_t budget, std::int64_t from, std::string own_name)
        : name(std::move(own_name)), its(owner, budget, from, durations) {}

    const std::string name;
    duration_counts durations;  // of nothing: the run has counted its items itself
    lane its;
  };

  // Before a run. `memory`: of all of them, in bytes. `from`: what the clock of the lanes shows.
  void reset(recording& owner, std::size_t memory, std::int64_t from);
  // The lane of that name, made if there is none, by its number from 1. 0: there are too many. May
  // throw std::bad_alloc. REQUIRES: a run is being recorded, or has been.
  [[nodiscard]] std::uint32_t named(const std::string& name);
  // What is not of this run, or comes when it is over, is dropped.
  void add(std::uint32_t number, const slow_item& what) noexcept;
  // The run is over.
  void close(std::int64_t now);

  // After the run.
  [[nodiscard]] const std::vector<std::unique_ptr<named_lane>>& lanes() const noexcept {
    return lanes_;
  }

 private:
  [[nodiscard]] std::size_t share_of(std::size_t lanes) const noexcept PARWORK_REQUIRES(lock_);

  mutex lock_;
  recording* owner_ PARWORK_GUARDED_BY(lock_) = nullptr;
  std::size_t memory_ PARWORK_GUARDED_BY(lock_) = 0;  // of all lanes
  std::int64_t from_ PARWORK_GUARDED_BY(lock_) = 0;
  bool is_open_ PARWORK_GUARDED_BY(lock_) = false;
  std::vector<std::unique_ptr<named_lane>> lanes_;  // guarded by lock_ during the run
};

}  // namespace parwork::detail
