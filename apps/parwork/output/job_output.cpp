#include "output/job_output.hpp"

#include <string>
#include <utility>

namespace cli {

void live_output::advance(std::uint64_t sequence) {
  if (order_ == output_order::completion) return;
  if (mode_ == output_mode::group || mode_ == output_mode::none) return;
  const std::lock_guard lock(mutex_);
  next_ = sequence + 1;
  const auto found = running_.find(next_);
  if (found != running_.end()) found->second->show_all();
}

job_output::job_output(live_output& live, output_store& store, std::uint64_t sequence,
                       std::string tag, attempt_kind kind)
    : live_(live),
      sequence_(sequence),
      in_turn_(live.order_ == output_order::input),
      all_held_(live.mode_ == output_mode::group || live.mode_ == output_mode::none ||
                kind == attempt_kind::may_be_repeated),
      tag_{.text = std::move(tag)},
      out_(store),
      err_(store) {
  if (!in_turn_ || all_held_) return;
  const std::lock_guard lock(live_.mutex_);
  live_.running_.emplace(sequence_, this);
}

job_output::~job_output() {
  if (!in_turn_ || all_held_) return;
  const std::lock_guard lock(live_.mutex_);
  live_.running_.erase(sequence_);
}

void job_output::add(stream from, std::string_view bytes) {
  (from == stream::out ? out_bytes_ : err_bytes_) += bytes.size();
  if (live_.mode_ == output_mode::none) return;
  if (all_held_) {
    held(from).append(bytes);
  } else if (in_turn_) {
    const std::lock_guard lock(live_.mutex_);
    if (live_.next_ == sequence_) {
      live_.writer_.show(from, bytes, tag_);
    } else {
      held(from).append(bytes);
    }
  } else if (live_.mode_ == output_mode::raw) {
    live_.writer_.show(from, bytes, tag_);
  } else {
    show_lines(from, bytes);
  }
}

// The lines that are whole by now, in one go; the rest waits for its end.
void job_output::show_lines(stream from, std::string_view bytes) {
  held_output& rest = held(from);
  const std::size_t end = bytes.rfind('\n');
  if (end == std::string_view::npos) {
    rest.append(bytes);
    return;
  }
  const std::string_view lines = bytes.substr(0, end + 1);
  if (rest.size() == 0) {
    live_.writer_.show(from, lines, tag_);
  } else {
    live_.writer_.show(from, rest.bytes() + std::string(lines), tag_);
    rest.clear();
  }
  rest.append(bytes.substr(end + 1));
}

// REQUIRES: live_.mutex_ is held, and it is this job's turn.
void job_output::show_all() {
  live_.writer_.show(out_, err_, tag_);
  out_.clear();
  err_.clear();
}

void job_output::finish(outcome& into) {
  const auto take = [&] {
    into.out = std::move(out_);
    into.err = std::move(err_);
  };
  if (in_turn_ && !all_held_) {
    const std::lock_guard lock(live_.mutex_);
    live_.running_.erase(sequence_);
    take();
  } else {
    take();
  }
  into.out_bytes = out_bytes_;
  into.err_bytes = err_bytes_;
}

}  // namespace cli
