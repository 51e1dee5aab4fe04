// The page (src/report/page/) is a constant with a hole in it, for the run's data: one JSON object.
#include "report/report.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "parwork/recorder.hpp"
#include "report/analysis.hpp"
#include "report/json_writer.hpp"
#include "report/output_file.hpp"
#include "report/page.hpp"
#include "report/summary_fields.hpp"
#include "report/verdict.hpp"

namespace parwork {

bool has_report() noexcept { return !detail::report_page_head.empty(); }

namespace detail {

namespace {

// What Chromium reads and draws within half a second (tests/e2e/report/speed.test.mjs).
constexpr std::size_t most_slices = 100'000;

constexpr std::array<std::pair<std::string_view, part>, parts> part_names{{
    {"generator", part::pulling},
    {"work", part::working},
    {"collector", part::collecting},
    {"idle", part::nothing},
}};

class data_writer {
 public:
  data_writer(const recording& run, output_file& file)
      : run_(run), lanes_(lanes_of(run)), out_(file) {}

  void write() {
    out_.begin_object();
    write_head();
    out_.key("summary");
    write_summary(out_, run_.counts());
    write_figures();
    write_verdict();
    write_stages();
    write_timeline();
    write_course();
    write_durations();
    write_slowest();
    write_failures();
    out_.end_object();
    out_.flush();
  }

 private:
  void write_head() {
    const run_facts& facts = run_.facts();
    out_.member("format", 1);
    out_.member("version", PARWORK_VERSION);
    out_.member("title", run_.title());
    out_.member("started", std::chrono::duration<double>(run_.began().time_since_epoch()).count());
    out_.key("words").begin_object();
    out_.member("item", facts.item_word);
    out_.member("items", facts.item_word + "s");
    out_.member("lane", facts.lane_word);
    out_.member("lanes", facts.lane_word + "s");
    out_.end_object();
    out_.key("parts").begin_object();
    out_.member("generator", facts.is_manual ? "waiting for input" : "generator");
    out_.member("work", facts.is_manual ? "running" : "work");
    out_.member("collector", "collector");
    out_.member("idle", "idle");
    out_.end_object();
  }

  void write_figures() {
    const summary& counts = run_.counts();
    const auto active = counts.wall - counts.paused;
    const double seconds = std::chrono::duration<double>(active).count();
    const auto finished = static_cast<double>(counts.succeeded + counts.failed);
    write_bound("queue", run_.facts().queue);
    write_bound("memory", run_.facts().memory);
    out_.member("rate", seconds > 0 ? finished / seconds : 0.0);
    out_.key("cpu");
    if (run_.cpu()) {
      const double of = static_cast<double>(active.count()) * counts.workers;
      out_.begin_object();
      out_.member("time", run_.cpu()->count());
      out_.member("efficiency", of > 0 ? static_cast<double>(run_.cpu()->count()) / of : 0.0);
      out_.end_object();
    } else {
      out_.null();
    }
    out_.key("broken_off");
    if (run_.broken_off().empty()) {
      out_.null();
    } else {
      out_.value(run_.broken_off());
    }
  }

  // Null where there is none, or where it is not known.
  void write_bound(std::string_view name, std::uint64_t bound) {
    out_.key(name);
    if (bound > 0) {
      out_.value(bound);
    } else {
      out_.null();
    }
  }

  void write_verdict() {
    const verdict its = judge(run_);
    out_.key("verdict").begin_object();
    out_.member("bound", its.bound);
    out_.member("headline", its.headline);
    out_.member("detail", its.detail);
    out_.key("best_factor");
    if (its.best_factor) {
      out_.value(*its.best_factor);
    } else {
      out_.null();
    }
    out_.key("advice").begin_array();
    for (const advice& each : its.advices) {
      out_.begin_object();
      out_.member("do", each.what);
      out_.member("why", each.why);
      out_.end_object();
    }
    out_.end_array();
    out_.end_object();
  }

  void write_stages() {
    const std::vector<stage_view> stages = stages_of(run_);
    out_.key("stages").begin_array();
    for (const stage_view& each : stages) {
      out_.begin_object();
      out_.member("name", each.name);
      out_.member("share", each.share);
      out_.member("time", each.use.time);
      out_.member("attempts", each.use.attempts);
      write_bound("limit", each.limit);
      write_waits(each.waits, each.waited);
      out_.end_object();
    }
    out_.end_array();
    out_.key("turns");
    if (const wait_record* const turns = run_.work().known_turns()) {
      out_.begin_object();
      write_waits(turns->count(), turns->time());
      out_.end_object();
    } else {
      out_.null();
    }
  }

  // `waiting`: how many at a time, on average.
  void write_waits(std::uint64_t count, std::int64_t time) {
    const auto active = static_cast<double>((run_.counts().wall - run_.counts().paused).count());
    out_.member("waits", count);
    out_.member("waited", time);
    out_.member("waiting", active > 0 ? static_cast<double>(time) / active : 0.0);
  }

  // Slices of all lanes, as fine as the page can take.
  std::vector<lane_slices> slices_for_page(std::int64_t& resolution) const {
    resolution = resolution_of(run_);
    std::vector<lane_slices> shown;
    for (std::int64_t least = 0;;) {
      shown.clear();
      std::size_t count = 0;
      for (const lane_view& each : lanes_) {
        shown.push_back(slices_of(each, run_.length(), least));
        count += shown.back().slices.size();
      }
      if (count <= std::max(most_slices, lanes_.size())) return shown;
      const std::int64_t at_once =
          run_.length() / static_cast<std::int64_t>(most_slices / lanes_.size() + 1);
      least = std::max(2 * least, at_once);
      resolution = std::max(resolution, least);
    }
  }

  void write_timeline() {
    std::int64_t resolution = 0;
    const std::vector<lane_slices> shown = slices_for_page(resolution);
    out_.member("thinned", resolution > 0);
    out_.member("resolution", resolution);
    std::vector<std::string_view> names;
    out_.key("lanes").begin_array();
    for (std::size_t i = 0; i < lanes_.size(); ++i) write_lane(lanes_[i], shown[i], names);
    out_.end_array();
    out_.key("names").begin_array();
    for (const std::string_view name : names) out_.value(name);
    out_.end_array();
  }

  void write_lane(const lane_view& which, const lane_slices& shown,
                  std::vector<std::string_view>& names) {
    const lane_totals sum = totals_of(which, run_.length());
    out_.begin_object();
    out_.member("name", which.name);
    out_.member("kind", name_of(which.kind));
    out_.member("items", sum.worked);
    const auto idle = sum.time[static_cast<std::size_t>(part::nothing)];
    out_.member("busy", sum.time[0] + sum.time[1] + sum.time[2] + sum.time[3] - idle);
    out_.key("time").begin_object();
    for (const auto& [name, which_part] : part_names) {
      out_.member(name, sum.time[static_cast<std::size_t>(which_part)]);
    }
    out_.end_object();
    const std::size_t before = names.size();
    for (const std::string& name : shown.names) names.push_back(name);
    write_columns(shown.slices, before);
    out_.end_object();
  }

  void write_columns(const std::vector<slice>& slices, std::size_t names_before) {
    const auto column = [&](std::string_view name, auto&& of) {
      out_.key(name).begin_array();
      for (const slice& each : slices) out_.value(of(each));
      out_.end_array();
    };
    out_.key("slices").begin_object();
    column("start", [](const slice& each) { return each.start; });
    for (const auto& [name, which] : part_names) {
      column(name,
             [at = static_cast<std::size_t>(which)](const slice& each) { return each.time[at]; });
    }
    column("items", [](const slice& each) { return each.worked; });
    column("failed", [](const slice& each) { return each.failed; });
    column("first", [](const slice& each) { return each.first; });
    column("name", [&](const slice& each) {
      return each.name == slice::no_name ? std::size_t{0} : names_before + each.name;
    });
    out_.end_object();
  }

  void write_course() {
    const std::vector<interval> course = course_of(run_);
    const auto column = [&](std::string_view name, auto&& of) {
      out_.key(name).begin_array();
      for (const interval& each : course) out_.value(of(each));
      out_.end_array();
    };
    out_.key("series").begin_object();
    column("t", [](const interval& each) { return each.middle; });
    column("rate", [](const interval& each) { return each.rate; });
    column("in_flight", [](const interval& each) { return each.in_flight; });
    out_.end_object();
  }

  void write_durations() {
    const duration_counts all = run_.durations();
    out_.key("durations").begin_object();
    out_.member("count", all.count());
    out_.member("mean", all.count() > 0 ? all.sum() / static_cast<std::int64_t>(all.count())
                                        : std::int64_t{0});
    out_.member("p50", all.quantile(0.5));
    out_.member("p90", all.quantile(0.9));
    out_.member("p99", all.quantile(0.99));
    out_.member("p999", all.quantile(0.999));
    out_.member("max", all.max());
    out_.key("buckets").begin_array();
    // Eight fine buckets are one bar: four bars to a doubling.
    constexpr std::size_t together = 8;
    for (std::size_t from = 0; from < duration_counts::size; from += together) {
      std::uint64_t count = 0;
      for (std::size_t i = from; i < from + together; ++i) count += all.in_bucket(i);
      if (count == 0) continue;
      out_.begin_array();
      out_.value(duration_counts::lower_end(from));
      out_.value(duration_counts::lower_end(from + together));
      out_.value(count);
      out_.end_array();
    }
    out_.end_array();
    out_.end_object();
  }

  void write_slowest() {
    out_.key("slowest").begin_array();
    for (const slow_attempt& each : slowest_of(run_)) {
      out_.begin_object();
      out_.member("index", each.item.index);
      out_.member("name", each.item.name);
      out_.member("start", each.item.start);
      out_.member("duration", each.item.duration);
      out_.member("lane", each.lane);
      out_.member("attempt", each.item.attempt);
      out_.member("failed", each.item.how != attempt_result::succeeded);
      out_.end_object();
    }
    out_.end_array();
  }

  void write_failures() {
    using entry = std::pair<const recording::failure_key, failure_group>;
    std::vector<const entry*> groups;
    std::uint64_t total = run_.other_failures();
    for (const entry& each : run_.failures()) {
      groups.push_back(&each);
      total += each.second.count;
    }
    std::ranges::sort(groups, [](const entry* left, const entry* right) {
      return left->second.count != right->second.count ? left->second.count > right->second.count
                                                       : left->first < right->first;
    });
    out_.key("failures").begin_object();
    out_.member("total", total);
    out_.member("other", run_.other_failures());
    out_.key("groups").begin_array();
    for (const entry* each : groups) write_group(each->first, each->second);
    out_.end_array();
    out_.end_object();
  }

  void write_group(const recording::failure_key& which, const failure_group& its) {
    out_.begin_object();
    out_.member("kind", name_of(which.first));
    out_.member("message", which.second);
    out_.member("count", its.count);
    out_.key("examples").begin_array();
    for (const failure_example& each : its.examples) {
      out_.begin_object();
      out_.member("index", each.index);
      out_.member("name", each.name);
      out_.member("attempts", each.attempts);
      out_.end_object();
    }
    out_.end_array();
    out_.end_object();
  }

  static std::string name_of(failure_kind kind) {
    std::ostringstream name;
    name << kind;
    return std::move(name).str();
  }
  static std::string_view name_of(lane_kind kind) { return detail::name_of(kind); }

  const recording& run_;
  const std::vector<lane_view> lanes_;
  json_writer out_;
};

}  // namespace

void write_run_data(const recording& run, output_file& file) { data_writer(run, file).write(); }

void write_report(const recording& run, const std::filesystem::path& file) {
  if (!has_report()) {
    throw std::runtime_error(
        "parwork: this build cannot write reports: it was configured with PARWORK_REPORT=OFF; "
        "configure it without that, or use write_trace");
  }
  output_file out(file);
  out.write(report_page_head);
  write_run_data(run, out);
  out.write(report_page_tail);
  out.close();
}

}  // namespace detail

}  // namespace parwork
