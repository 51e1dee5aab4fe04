// The format: "Trace Event Format" by Google's Chrome team. Complete events (ph X) have a start and
// a duration in microseconds; counters (ph C) a value each; metadata (ph M) names processes and
// threads.
#include "report/trace.hpp"

#include <array>
#include <string>
#include <string_view>

#include "report/analysis.hpp"
#include "report/json_writer.hpp"
#include "report/output_file.hpp"
#include "report/summary_fields.hpp"

namespace parwork::detail {

namespace {

constexpr int process = 1;

double microseconds(std::int64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1000; }

std::string_view span_name(part which, lane_kind kind) {
  switch (which) {
    case part::nothing:
      return "idle";
    case part::pulling:
      return "generator";
    case part::working:
      return kind == lane_kind::backoff ? "backoff" : "work";
    case part::collecting:
      return "collector";
  }
  return "";
}

class trace_writer {
 public:
  trace_writer(const recording& run, output_file& file) : run_(run), out_(file) {}

  void write() {
    out_.begin_object();
    out_.member("displayTimeUnit", "ns");
    out_.key("otherData");
    write_summary(out_, run_.counts());
    out_.key("traceEvents").begin_array();
    name_thread("process_name", 0, run_.title().empty() ? "parwork run" : run_.title());
    std::size_t thread = 0;
    for (const lane_view& each : lanes_of(run_)) write_lane(each, ++thread);
    write_counters();
    out_.end_array();
    out_.end_object();
    out_.flush();
  }

 private:
  void begin_event(std::string_view name, std::string_view phase, std::size_t thread) {
    out_.begin_object();
    out_.member("name", name);
    out_.member("ph", phase);
    out_.member("pid", process);
    out_.member("tid", thread);
  }

  void name_thread(std::string_view what, std::size_t thread, std::string_view name) {
    begin_event(what, "M", thread);
    out_.key("args").begin_object();
    out_.member("name", name);
    out_.end_object();
    out_.end_object();
  }

  void write_lane(const lane_view& which, std::size_t thread) {
    name_thread("thread_name", thread, which.name);
    begin_event("thread_sort_index", "M", thread);
    out_.key("args").begin_object();
    out_.member("sort_index", thread);
    out_.end_object();
    out_.end_object();
    const lane_slices shown = slices_of(which, run_.length(), 0);
    for (const slice& each : shown.slices) write_slice(which, each, shown, thread);
  }

  // Of one that was merged of several parts a span for each, one after the other: sums stay right.
  void write_slice(const lane_view& which, const slice& span, const lane_slices& shown,
                   std::size_t thread) {
    constexpr std::array order{part::pulling, part::working, part::collecting, part::nothing};
    std::int64_t start = span.start;
    for (const part each : order) {
      const std::int64_t length = span.time[static_cast<std::size_t>(each)];
      if (length == 0) continue;
      begin_event(span_name(each, which.kind), "X", thread);
      out_.member("cat", name_of(which.kind));
      out_.member("ts", microseconds(start));
      out_.member("dur", microseconds(length));
      if (each == part::working && span.worked > 0) write_items(span, shown);
      out_.end_object();
      start += length;
    }
  }

  void write_items(const slice& span, const lane_slices& shown) {
    out_.key("args").begin_object();
    if (span.name != slice::no_name) out_.member("item", shown.names[span.name - 1]);
    out_.member("index", span.first);
    out_.member("items", span.worked);
    if (span.failed > 0) out_.member("failed", span.failed);
    out_.end_object();
  }

  void write_counters() {
    for (const interval& each : course_of(run_)) {
      counter("in flight", each.middle, each.in_flight);
      counter("items per second", each.middle, each.rate);
    }
  }

  void counter(std::string_view name, std::int64_t when, double value) {
    begin_event(name, "C", 0);
    out_.member("ts", microseconds(when));
    out_.key("args").begin_object();
    out_.member("value", value);
    out_.end_object();
    out_.end_object();
  }

  const recording& run_;
  json_writer out_;
};

}  // namespace

void write_trace(const recording& run, const std::filesystem::path& file) {
  output_file out(file);
  trace_writer(run, out).write();
  out.close();
}

}  // namespace parwork::detail
