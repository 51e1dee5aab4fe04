// What a submitter's state machine tells, beside outcomes: to `on_event`, and to a recorder.
//
// Thread safety: called by the machine's thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

#include "nats/remote_workers.hpp"
#include "nats/work_table.hpp"
#include "parwork/nats_options.hpp"

namespace parwork::nats::detail {

/// What a worker's thread has done, by this machine's clock.
struct remote_execution {
  const remote_worker& worker;
  std::uint32_t thread;  // from 1
  executed_items items;
  time_point start;
  std::chrono::nanoseconds duration;
};

/// It may not call the machine.
class machine_observer {
 public:
  virtual void happened(event what) = 0;
  /// Whether it wants `executed`.
  [[nodiscard]] virtual bool does_record() const noexcept = 0;
  virtual void executed(const remote_execution& what) = 0;

 protected:
  ~machine_observer() = default;
};

inline void tell(machine_observer& to, event::kind what, std::string text) {
  to.happened({.what = what, .worker = {}, .host = {}, .text = std::move(text)});
}
inline void tell(machine_observer& to, event::kind what, const remote_worker& about,
                 std::string text) {
  to.happened(
      {.what = what, .worker = about.id.text(), .host = about.host, .text = std::move(text)});
}

}  // namespace parwork::nats::detail
