#include "nats/run_watch.hpp"

#include <algorithm>

#include "parwork/nats_errors.hpp"

namespace parwork::nats::detail {

namespace {

void note(std::optional<time_point>& since, bool is_so, time_point now) noexcept {
  if (!is_so) {
    since.reset();
  } else if (!since) {
    since = now;
  }
}

bool has_passed(const std::optional<time_point>& since, std::chrono::nanoseconds time,
                time_point now) noexcept {
  return since && now - *since >= time;
}

std::string seconds_text(std::chrono::nanoseconds time) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
  return ms % 1000 == 0 ? std::to_string(ms / 1000) + " s" : std::to_string(ms) + " ms";
}

}  // namespace

void run_watch::begin() noexcept {
  for (auto* since : {&away_, &without_workers_, &without_fitting_}) since->reset();
  is_said_ = false;
  has_fitted_ = false;
}

void run_watch::start_anew(time_point now) noexcept {
  for (auto* since : {&away_, &without_workers_, &without_fitting_}) {
    if (*since) *since = now;
  }
}

void run_watch::unfit(const session_id& worker, fitness why, time_point now) {
  unfit_[worker] = {why, now};
}

void run_watch::forget_unfit(time_point before) noexcept {
  std::erase_if(unfit_, [&](const auto& entry) { return entry.second.heard_at < before; });
}

run_watch::verdict run_watch::look(connection server, std::size_t workers, time_point now) {
  const bool is_there = server == connection::there;
  note(away_, !is_there, now);
  has_fitted_ = has_fitted_ || workers > 0;
  const bool do_others_count = !unfit_.empty() && !has_fitted_;
  note(without_workers_, is_there && workers == 0 && !do_others_count, now);
  note(without_fitting_, is_there && workers == 0 && do_others_count, now);
  if (workers > 0) is_said_ = false;

  if (has_passed(without_fitting_, patience, now)) return {.error = misfit()};
  if (const auto limit = wanted_.give_up_after; limit.count() > 0) {
    if (has_passed(away_, limit, now) || has_passed(without_workers_, limit, now)) {
      return {.error = gone(server)};
    }
  }
  if (is_said_ || !has_passed(without_workers_, patience, now)) return {};
  is_said_ = true;
  return {.are_no_workers = true};
}

std::optional<time_point> run_watch::next_look() const noexcept {
  std::optional<time_point> next;
  const auto wait_for = [&](const std::optional<time_point>& since, std::chrono::nanoseconds time) {
    if (since && (!next || *since + time < *next)) next = *since + time;
  };
  wait_for(without_fitting_, patience);
  if (!is_said_) wait_for(without_workers_, patience);
  if (wanted_.give_up_after.count() > 0) {
    wait_for(away_, wanted_.give_up_after);
    wait_for(without_workers_, wanted_.give_up_after);
  }
  return next;
}

std::exception_ptr run_watch::misfit() const {
  const bool do_some_serve = std::ranges::any_of(
      unfit_, [](const auto& entry) { return entry.second.why == fitness::unmet_needs; });
  const std::string count =
      std::to_string(unfit_.size()) + (unfit_.size() == 1 ? " worker is" : " workers are");
  if (!do_some_serve) {
    return std::make_exception_ptr(unknown_work(count + " there, and none serves \"" +
                                                wanted_.work +
                                                "\": start one that does, or correct the name"));
  }
  std::string labels;
  for (const std::string& label : wanted_.needs) labels += (labels.empty() ? "" : ", ") + label;
  return std::make_exception_ptr(unmet_needs(count + " there, and none that serves \"" +
                                             wanted_.work + "\" offers all of the labels " +
                                             labels + ": start one with them, or ask for fewer"));
}

std::exception_ptr run_watch::gone(connection server) const {
  const std::string time = seconds_text(wanted_.give_up_after);
  return std::make_exception_ptr(
      server == connection::away
          ? disconnected("no server for " + time +
                         " (give_up_after): start it again, or give it more time")
          : disconnected("no worker for \"" + wanted_.work + "\" for " + time +
                         " (give_up_after): start workers, or give them more time"));
}

}  // namespace parwork::nats::detail
