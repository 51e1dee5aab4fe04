#include "nats/result_sender.hpp"

#include <algorithm>
#include <utility>

#include "nats/batch_outcomes.hpp"

namespace parwork::nats::detail {
namespace {

// So much may be in the link's buffer. It has 64 MiB, and others use it, too.
constexpr std::size_t most_on_link = std::size_t{8} << 20;
// So much of a receiver may be cut into parts: each costs its memory a second time.
constexpr std::size_t most_in_parts = std::size_t{8} << 20;
// How long to wait for a buffer to empty that nobody tells about.
constexpr std::chrono::milliseconds buffer_pause{5};
constexpr std::chrono::milliseconds pause_while_away{100};

}  // namespace

void result_sender::send(const session_id& to, const owned_batch_ptr& its) {
  waiting_.push_back({to, its});
}

void result_sender::forget(const owned_batch& its) {
  std::erase_if(waiting_, [&](const waiting& each) { return each.its.get() == &its; });
  std::erase_if(in_parts_, [&](const auto& each) {
    if (each.second.its.get() != &its) return false;
    parts_.drop(each.second.to, each.first);
    return true;
  });
}

void result_sender::forget_receiver(const session_id& to) {
  std::erase_if(waiting_, [&](const waiting& each) { return each.to == to; });
  std::erase_if(in_parts_, [&](const auto& each) { return each.second.to == to; });
  parts_.forget(to);
}

bool result_sender::is_sending(const owned_batch& its) const noexcept {
  return std::ranges::any_of(waiting_,
                             [&](const waiting& each) { return each.its.get() == &its; }) ||
         std::ranges::any_of(in_parts_,
                             [&](const auto& each) { return each.second.its.get() == &its; });
}

bool result_sender::has_sent_all(const session_id& to) const noexcept {
  return std::ranges::none_of(waiting_, [&](const waiting& each) { return each.to == to; }) &&
         std::ranges::none_of(in_parts_, [&](const auto& each) { return each.second.to == to; });
}

void result_sender::start(const waiting& one, time_point now) {
  const part_destination where{
      .receiver = one.to, .session = one.to, .subject = names_.to_submitter(one.to, who_.id)};
  const auto frame = one.its->what.session == one.to
                         ? one.its->answer
                         : std::make_shared<const std::string>(kept_answer(*one.its));
  one.its->sent_at = now;
  if (frame->size() > largest_message) return;  // of items that no submitter of ours sends
  const std::uint64_t number = parts_.send(where, frame, link_.max_payload());
  if (number != 0) in_parts_.emplace(number, under_way{one.to, one.its});
}

void result_sender::pump(time_point now) {
  next_pump_.reset();
  for (auto each = waiting_.begin(); each != waiting_.end();) {
    if (link_.buffered() >= most_on_link) {
      next_pump_ = now + (link_.is_connected() ? buffer_pause : pause_while_away);
      return;
    }
    if (parts_.waiting(each->to) >= most_in_parts) {
      ++each;  // an acknowledgement makes room
    } else {
      const waiting one = std::move(*each);
      each = waiting_.erase(each);
      start(one, now);
    }
  }
}

void result_sender::got(const part_got& its, time_point now) {
  const std::uint64_t number = parts_.got(its.session, its);
  const auto there = in_parts_.find(number);
  if (there == in_parts_.end()) return;
  there->second.its->sent_at = now;
  in_parts_.erase(there);
}

}  // namespace parwork::nats::detail
