#include "nats/outbox.hpp"

namespace parwork::nats::detail {

namespace {

// Of a batch's frame beside its items.
constexpr std::size_t beside_items = 64;
// Work that has not left this machine yet is better pending: another worker may be free first.
constexpr std::size_t most_buffered = std::size_t{16} << 20;

}  // namespace

outbox::outbox(link& over, const session_id& session, std::string_view prefix,
               std::string_view work)
    : link_(over),
      subjects_(prefix),
      session_(session),
      to_all_(subjects_.call(work)),
      parts_([this](std::string_view subject, std::string_view frame) {
        link_.publish(subject, frame);
      }) {}

void outbox::call_workers(const call& what) {
  frame_.clear();
  encode(message(what), frame_);
  link_.publish(to_all_, frame_);
}

part_destination outbox::destination(const session_id& worker) const {
  return {worker, session_, subjects_.to_worker(worker)};
}

void outbox::send(const session_id& worker, const message& what) {
  frame_.clear();
  encode(what, frame_);
  parts_.send(destination(worker), frame_, link_.max_payload());
}

void outbox::send_behind(const session_id& worker, const message& what) {
  frame_.clear();
  encode(what, frame_);
  parts_.send_behind(destination(worker), frame_, link_.max_payload());
}

void outbox::send_poll(const session_id& worker, const poll& what) {
  frame_.clear();
  encode(message(what), frame_);
  link_.publish(subjects_.to_worker(worker), subjects_.to_submitter(session_, worker), frame_);
  parts_.poll(worker);
}

std::uint64_t outbox::send_batch(const session_id& worker, const batch& what) {
  frame_.clear();
  encode(what, frame_);
  return parts_.send(destination(worker), frame_, link_.max_payload());
}

std::uint64_t outbox::got(const session_id& worker, const part_got& what) {
  return parts_.got(worker, what);
}

void outbox::answer(std::string_view reply, const message& what) {
  frame_.clear();
  encode(what, frame_);
  link_.publish(reply, frame_);
}

std::size_t outbox::largest_batch() const noexcept {
  const std::size_t frame = largest_frame(link_.max_payload());
  return frame > beside_items ? frame - beside_items : 1;
}

bool outbox::is_full() const noexcept { return link_.buffered() > most_buffered; }

}  // namespace parwork::nats::detail
