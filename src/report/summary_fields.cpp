#include "report/summary_fields.hpp"

#include <sstream>

namespace parwork::detail {

void write_summary(json_writer& out, const summary& counts) {
  std::ostringstream bound;
  bound << counts.bound;
  out.begin_object();
  out.member("produced", counts.produced);
  out.member("succeeded", counts.succeeded);
  out.member("failed", counts.failed);
  out.member("cancelled", counts.cancelled);
  out.member("retries", counts.retries);
  out.member("wall", counts.wall.count());
  out.member("paused", counts.paused.count());
  out.member("workers", counts.workers);
  out.member("peak_in_flight", counts.peak_in_flight);
  out.member("peak_memory", counts.peak_memory);
  out.member("stopped", counts.stopped);
  out.member("bound", bound.str());
  out.member("generator_share", counts.generator_share);
  out.member("work_share", counts.work_share);
  out.member("collector_share", counts.collector_share);
  out.member("idle_share", counts.idle_share);
  out.end_object();
}

}  // namespace parwork::detail
