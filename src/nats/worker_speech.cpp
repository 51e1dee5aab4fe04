#include "nats/worker_speech.hpp"

#include <utility>

namespace parwork::nats::detail {

void worker_speech::say_to(const session_id& to, const message& what) {
  std::string frame;
  encode(what, frame);
  const part_destination where{
      .receiver = to, .session = to, .subject = names_.to_submitter(to, who_.id)};
  parts_.send(where, frame, link_.max_payload());
}

void worker_speech::here() {
  std::string frame;
  encode(message(detail::here{who_.id}), frame);
  link_.publish(names_.here(), frame);
}

void worker_speech::state(const worker_session& to, std::uint64_t poll, const worker_moment& at) {
  detail::state its{.poll = poll,
                    .worker = who_.id,
                    .host = who_.host,
                    .pid = who_.pid,
                    .threads = who_.threads,
                    .labels = who_.labels,
                    .fits = to.fits,
                    .is_leaving = at.is_leaving,
                    .after = to.after,
                    .done = at.done,
                    .clock = std::chrono::nanoseconds(at.now.time_since_epoch()).count()};
  if (to.fits == fitness::other_codecs) {
    its.item_codec = to.served->item_codec;
    its.result_codec = to.served->result_codec;
  }
  its.held.reserve(to.held.size());
  for (const auto& [number, each] : to.held) its.held.push_back({number, each->at});
  say_to(to.id, std::move(its));
}

void worker_speech::started(const session_id& to, std::uint64_t batch) {
  say_to(to, detail::started{batch});
}

void worker_speech::goodbye(const session_id& to, std::vector<std::uint64_t>&& given_back) {
  say_to(to, detail::goodbye{.given_back = std::move(given_back), .is_gone = false});
}

void worker_speech::gone(const session_id& to) {
  say_to(to, detail::goodbye{.given_back = {}, .is_gone = true});
}

void worker_speech::superseded(const session_id& to, const session_id& by) {
  say_to(to, detail::superseded{by});
}

void worker_speech::got(const session_id& from, const part& its) {
  say_to(from, part_got{.session = from, .of = its.of, .index = its.index});
}

void worker_speech::status(std::string_view reply, worker_status&& its) {
  its.worker = who_.id;
  its.host = who_.host;
  its.labels = who_.labels;
  its.pid = who_.pid;
  its.threads = who_.threads;
  std::string frame;
  encode(message(std::move(its)), frame);
  if (frame.size() <= largest_frame(link_.max_payload())) link_.publish(reply, frame);
}

}  // namespace parwork::nats::detail
