#include "parwork/recorder.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "base/tick_clock.hpp"
#include "recording/recording.hpp"
#include "report/analysis.hpp"
#include "report/report.hpp"
#include "report/trace.hpp"
#include "report/verdict.hpp"

namespace parwork {

namespace {

std::unique_ptr<detail::recording> make_recording(recorder_options&& options) {
  constexpr std::size_t least = std::size_t{1} << 20;
  if (options.memory < least) {
    throw std::invalid_argument("parwork::recorder: memory is " + std::to_string(options.memory) +
                                " bytes, the least is " + std::to_string(least));
  }
  return std::make_unique<detail::recording>(options.memory, std::move(options.title));
}

void require_finished(const detail::recording& its) {
  if (its.where() == detail::recording::phase::done) return;
  throw std::logic_error(its.where() == detail::recording::phase::idle
                             ? "parwork::recorder: nothing has been recorded; give the recorder to "
                               "a run: options{.record = &recorder}"
                             : "parwork::recorder: the run that it records is not over");
}

void require_manual(const detail::recording& its) {
  if (its.where() == detail::recording::phase::running && its.facts().is_manual) return;
  throw std::logic_error("parwork::recorder: no run was begun by recorder::begin");
}

detail::attempt_result how_it_ended(const recorded_attempt& attempt) {
  if (attempt.end == attempt_end::succeeded) return detail::attempt_result::succeeded;
  return attempt.why ? detail::how_it_failed(*attempt.why) : detail::attempt_result::failed;
}

// Attempts by hand bring their names along.
std::string given_name(const void* name) { return *static_cast<const std::string*>(name); }

}  // namespace

recorder::recorder(recorder_options options) : recording_(make_recording(std::move(options))) {}
recorder::~recorder() = default;

void recorder::set_name(const std::type_info& type, std::function<std::string(const void*)> name) {
  recording_->set_name(type, std::move(name));
}

void recorder::write_trace(const std::filesystem::path& file) const {
  require_finished(*recording_);
  detail::write_trace(*recording_, file);
}

void recorder::write_report(const std::filesystem::path& file) const {
  require_finished(*recording_);
  detail::write_report(*recording_, file);
}

std::string recorder::verdict() const {
  if (recording_->where() != detail::recording::phase::done) return {};
  return detail::in_words(detail::judge(*recording_));
}

bool recorder::thinned() const {
  return recording_->where() == detail::recording::phase::done &&
         detail::resolution_of(*recording_) > 0;
}

remote_lane_id recorder::remote_lane(const std::string& name) {
  const detail::recording& its = *recording_;
  if (its.where() != detail::recording::phase::running || its.facts().is_manual) {
    throw std::logic_error("parwork::recorder: remote_lane needs a run that is being recorded");
  }
  return remote_lane_id{recording_->remote().named(name)};
}

void recorder::add_remote(remote_lane_id lane, std::uint64_t first, std::uint32_t count,
                          std::uint32_t failed, std::chrono::steady_clock::time_point start,
                          std::chrono::nanoseconds duration) noexcept {
  if (recording_->where() != detail::recording::phase::running || count == 0) return;
  recording_->remote().add(
      static_cast<std::uint32_t>(lane),
      {.duration = std::max<std::int64_t>(0, duration.count()),
       .start = detail::tick_clock::count_at(start) - recording_->origin(),
       .index = first,
       .how = failed > 0 ? detail::attempt_result::failed : detail::attempt_result::succeeded,
       .items = count,
       .failed = failed});
}

void recorder::begin(const manual_run& run) {
  if (run.workers == 0 || run.workers > most_manual_workers) {
    throw std::invalid_argument("parwork::recorder: workers is " + std::to_string(run.workers) +
                                ", it has to be from 1 to " + std::to_string(most_manual_workers));
  }
  recording_->begin({.workers = run.workers,
                     .is_async = true,
                     .is_manual = true,
                     .item_word = run.item,
                     .lane_word = run.lane},
                    0, run.began);
}

void recorder::add(const recorded_attempt& attempt) {
  require_manual(*recording_);
  if (attempt.lane == 0 || attempt.lane > recording_->facts().workers) {
    throw std::invalid_argument("parwork::recorder: there is no lane " +
                                std::to_string(attempt.lane) + ", they go from 1 to " +
                                std::to_string(recording_->facts().workers));
  }
  const detail::item_ref which{&attempt.name, &given_name};
  recording_->outstanding().add(attempt.lane, {.duration = attempt.duration.count(),
                                               .start = attempt.start.count(),
                                               .index = attempt.index,
                                               .attempt = attempt.attempt,
                                               .how = how_it_ended(attempt),
                                               .name = recording_->name_of(which)});
  if (attempt.end == attempt_end::failed) {
    const failure why =
        attempt.why ? *attempt.why : failure(failure_kind::error, "no reason was given");
    recording_->note_failure(attempt.index, attempt.attempt, why, which);
  }
}

summary recorder::finish(const summary& counts, std::optional<std::chrono::nanoseconds> cpu,
                         std::optional<std::chrono::nanoseconds> delayed) {
  require_manual(*recording_);
  if (counts.workers > 0) recording_->shrink_to(counts.workers);
  const summary whole = detail::with_shares(*recording_, counts);
  recording_->end(whole, nullptr, whole.wall.count(), cpu, delayed);
  return whole;
}

namespace detail {

recording& recording_of(recorder& of) noexcept { return *of.recording_; }

}  // namespace detail

}  // namespace parwork
