// A message bus without a server: links on it that deliver, lose, delay and cut as a test says.
//
// What is published goes at once to the bus. It makes a copy for each subscription that fits, and
// holds it until the test has it delivered: in the order of publication, or, with a seed, in a
// random one. So a test is the same each time.
//
// Thread safety: one thread. A listener may publish and subscribe; it must not deliver.
//
// Invariants:
// 1. Messages of one sender with one subject reach a receiver in the order of publication.
// 2. No message arrives twice, unless two subscriptions of a receiver fit: as at a server.
// 3. A link hears what it publishes itself, where it has subscribed to it: as at a server.
#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "nats/link.hpp"
#include "parwork/nats_errors.hpp"

namespace parwork_test {

class fake_link;

/// Whether a subject fits a pattern: `*` stands for a token, `>` for one or more at the end.
inline bool fits_subject(std::string_view pattern, std::string_view subject) {
  const auto take = [](std::string_view& from) {
    const std::size_t dot = from.find('.');
    const std::string_view token = from.substr(0, dot);
    from = dot == std::string_view::npos ? std::string_view() : from.substr(dot + 1);
    return token;
  };
  while (!pattern.empty() && !subject.empty()) {
    const std::string_view wanted = take(pattern);
    if (wanted == ">") return pattern.empty();
    if (const std::string_view token = take(subject); wanted != "*" && wanted != token) {
      return false;
    }
  }
  return pattern.empty() && subject.empty();
}

/// A copy of a message on its way to one receiver.
struct fake_message {
  fake_link* from = nullptr;
  fake_link* to = nullptr;
  std::string subject = {};
  std::string reply = {};
  std::string bytes = {};
};

enum class fake_fate { arrives, is_lost };
enum class fake_buffer { is_sent, is_lost };  // at the reconnect

class fake_bus {
 public:
  /// Delivers in the order of publication.
  fake_bus() = default;
  /// Delivers in an order of its own. Print the seed.
  explicit fake_bus(std::uint64_t seed) : random_(std::mt19937_64(seed)) {}
  fake_bus(const fake_bus&) = delete;
  fake_bus& operator=(const fake_bus&) = delete;

  // Delivery.

  /// False where there is nothing that can arrive.
  bool deliver_one();
  /// Until there is nothing more, and what listeners publish meanwhile. How many; throws
  /// std::runtime_error after `at_most`: they answer each other for ever.
  std::size_t deliver_all(std::size_t at_most = 1'000'000);
  /// What would arrive next is lost. False where there is nothing.
  bool lose_one();
  /// All on its way is lost, to whomever.
  void lose_all() { streams_.clear(); }
  /// Asked for each copy of a message when it is published. It must not publish.
  void decide(std::function<fake_fate(const fake_message&)> how) { decide_ = std::move(how); }
  /// How many are on their way, also to links that are frozen.
  [[nodiscard]] std::size_t on_their_way() const;

  // Trouble. What a listener hears of it is on its way like a message.

  /// The link loses its server: what is on its way to it is lost, and it has no subscriptions
  /// there. What it publishes meanwhile it keeps, up to its limit.
  void cut(fake_link& link);
  /// It has its server again. Nothing happens where it was not cut.
  void mend(fake_link& link, fake_buffer buffer = fake_buffer::is_sent);
  /// The server stops, or one comes back, for all that live.
  void cut_all();
  void mend_all(fake_buffer buffer = fake_buffer::is_sent);
  /// The process stops: it hears nothing, and the server does not notice.
  void freeze(fake_link& link);
  void thaw(fake_link& link);
  /// The process ends: its subscriptions vanish, and what is on its way to it is lost. What it has
  /// published arrives. It stays dead.
  void kill(fake_link& link);
  /// Subjects that fit are not permitted to the link, neither way.
  void forbid(fake_link& link, std::string pattern);

  void set_max_payload(std::size_t bytes) { max_payload_ = bytes; }
  [[nodiscard]] std::size_t max_payload() const noexcept { return max_payload_; }

  // What has been sent, since the start: once for each publication that reached the bus.

  [[nodiscard]] std::size_t sent(std::string_view pattern = ">") const;
  [[nodiscard]] std::size_t sent_bytes(std::string_view pattern = ">") const;

 private:
  friend fake_link;

  struct no_responders {
    std::string reply;
  };
  struct disconnected {};
  struct reconnected {};
  struct refused {
    std::exception_ptr why;
  };
  using event = std::variant<fake_message, no_responders, disconnected, reconnected, refused>;

  // What has to keep its order. Events that are no messages have no sender and no subject.
  struct stream_name {
    std::uint64_t to = 0;
    std::uint64_t from = 0;
    std::string subject = {};
    auto operator<=>(const stream_name&) const = default;
  };
  struct queued {
    std::uint64_t number;
    event what;
  };
  using stream_map = std::map<stream_name, std::deque<queued>>;

  struct traffic {
    std::size_t messages = 0;
    std::size_t bytes = 0;
  };

  [[nodiscard]] stream_map::iterator choose();
  [[nodiscard]] std::optional<std::pair<std::uint64_t, event>> take();
  void tell(fake_link& link, event what);
  void route(fake_link& from, std::string_view subject, std::string_view reply,
             std::string_view bytes);
  void drop_all_to(const fake_link& link);
  std::uint64_t enter(fake_link& link);
  void leave(const fake_link& link);

  std::optional<std::mt19937_64> random_;
  std::uint64_t links_made_ = 0;
  std::uint64_t events_made_ = 0;
  std::map<std::uint64_t, fake_link*> links_;  // by number: an order that does not change
  stream_map streams_;
  std::function<fake_fate(const fake_message&)> decide_;
  std::map<std::string, traffic, std::less<>> sent_;
  std::size_t max_payload_ = std::size_t{1} << 20;
};

/// REQUIRES: the bus outlives it, and so does the listener, or `close` was called.
class fake_link final : public parwork::nats::detail::link {
 public:
  explicit fake_link(fake_bus& bus, parwork::nats::detail::link_listener* listener = nullptr)
      : bus_(bus), listener_(listener), number_(bus.enter(*this)) {}
  fake_link(const fake_link&) = delete;
  fake_link& operator=(const fake_link&) = delete;
  ~fake_link() override { bus_.leave(*this); }

  /// What arrives without a listener is lost.
  void set_listener(parwork::nats::detail::link_listener* listener) { listener_ = listener; }

  void subscribe(const std::string& pattern) override {
    if (!refuses(pattern)) patterns_.insert(pattern);
  }
  void unsubscribe(const std::string& pattern) noexcept override {
    const auto found = patterns_.find(pattern);
    if (found != patterns_.end()) patterns_.erase(found);
  }

  void publish(std::string_view subject, std::string_view bytes) override {
    publish(subject, {}, bytes);
  }
  /// Throws std::length_error beyond `max_payload`: whoever publishes has to look.
  void publish(std::string_view subject, std::string_view reply, std::string_view bytes) override;
  bool flush(std::chrono::nanoseconds) noexcept override { return is_connected(); }

  [[nodiscard]] std::string new_inbox() override {
    return "_INBOX." + std::to_string(number_) + '.' + std::to_string(++inboxes_made_);
  }
  [[nodiscard]] std::size_t max_payload() const noexcept override { return bus_.max_payload(); }
  [[nodiscard]] std::size_t buffered() const noexcept override {
    return buffered_bytes_ + pretended_bytes_;
  }
  [[nodiscard]] bool is_connected() const noexcept override {
    return life_ == life::connected && !is_closed_;
  }
  void close() noexcept override {
    is_closed_ = true;
    patterns_.clear();
    listener_ = nullptr;
  }

  /// How much it keeps while it is cut.
  void set_buffer_limit(std::size_t bytes) { buffer_limit_ = bytes; }
  /// What `buffered` says besides: a server that reads slowly.
  void pretend_buffered(std::size_t bytes) { pretended_bytes_ = bytes; }
  /// How many publications it has dropped, for its buffer was full or it is dead or closed.
  [[nodiscard]] std::size_t dropped() const noexcept { return dropped_; }
  [[nodiscard]] const std::multiset<std::string>& patterns() const noexcept { return patterns_; }

 private:
  friend fake_bus;

  enum class life { connected, cut, dead };

  [[nodiscard]] bool can_hear() const noexcept { return !is_frozen_ && life_ != life::dead; }
  bool refuses(std::string_view subject);
  void keep_for_later(fake_message message);
  void hear(const fake_bus::event& what) noexcept;

  fake_bus& bus_;
  parwork::nats::detail::link_listener* listener_;
  const std::uint64_t number_;
  std::multiset<std::string> patterns_;
  std::vector<std::string> forbidden_;
  life life_ = life::connected;
  bool is_frozen_ = false;
  bool is_closed_ = false;
  std::vector<fake_message> buffer_;
  std::size_t buffered_bytes_ = 0;
  std::size_t buffer_limit_ = std::size_t{64} << 20;
  std::size_t pretended_bytes_ = 0;
  std::size_t dropped_ = 0;
  std::uint64_t inboxes_made_ = 0;
};

inline void fake_link::publish(std::string_view subject, std::string_view reply,
                               std::string_view bytes) {
  if (bytes.size() > max_payload()) {
    throw std::length_error(std::to_string(bytes.size()) + " bytes are too many for " +
                            std::string(subject));
  }
  if (refuses(subject)) return;
  if (life_ == life::dead || is_closed_) {
    ++dropped_;
  } else if (life_ == life::cut) {
    keep_for_later({.from = this,
                    .subject = std::string(subject),
                    .reply = std::string(reply),
                    .bytes = std::string(bytes)});
  } else {
    bus_.route(*this, subject, reply, bytes);
  }
}

inline void fake_link::keep_for_later(fake_message message) {
  if (buffered_bytes_ + message.bytes.size() > buffer_limit_) {
    ++dropped_;
    return;
  }
  buffered_bytes_ += message.bytes.size();
  buffer_.push_back(std::move(message));
}

inline bool fake_link::refuses(std::string_view subject) {
  for (const std::string& pattern : forbidden_) {
    if (!fits_subject(pattern, subject)) continue;
    bus_.tell(*this, fake_bus::refused{std::make_exception_ptr(parwork::nats::access_denied(
                         "the server does not permit " + std::string(subject)))});
    return true;
  }
  return false;
}

inline void fake_link::hear(const fake_bus::event& what) noexcept {
  if (listener_ == nullptr) return;
  if (const auto* message = std::get_if<fake_message>(&what)) {
    listener_->message(message->subject, message->reply, message->bytes);
  } else if (const auto* nobody = std::get_if<fake_bus::no_responders>(&what)) {
    listener_->no_responders(nobody->reply);
  } else if (std::holds_alternative<fake_bus::disconnected>(what)) {
    listener_->disconnected();
  } else if (std::holds_alternative<fake_bus::reconnected>(what)) {
    listener_->reconnected();
  } else {
    listener_->refused(std::get<fake_bus::refused>(what).why);
  }
}

inline std::uint64_t fake_bus::enter(fake_link& link) {
  links_.emplace(++links_made_, &link);
  return links_made_;
}

inline void fake_bus::leave(const fake_link& link) {
  drop_all_to(link);
  links_.erase(link.number_);
}

inline void fake_bus::drop_all_to(const fake_link& link) {
  std::erase_if(streams_, [&](const auto& each) { return each.first.to == link.number_; });
}

inline void fake_bus::tell(fake_link& link, event what) {
  stream_name name{.to = link.number_};
  if (const auto* message = std::get_if<fake_message>(&what)) {
    name.from = message->from->number_;
    name.subject = message->subject;
  }
  streams_[std::move(name)].push_back({.number = ++events_made_, .what = std::move(what)});
}

inline void fake_bus::route(fake_link& from, std::string_view subject, std::string_view reply,
                            std::string_view bytes) {
  traffic& counted = sent_[std::string(subject)];
  ++counted.messages;
  counted.bytes += bytes.size();
  bool has_receiver = false;
  for (const auto& [number, link] : links_) {
    if (link->life_ != fake_link::life::connected) continue;
    for (const std::string& pattern : link->patterns_) {
      if (!fits_subject(pattern, subject)) continue;
      has_receiver = true;
      fake_message copy{.from = &from,
                        .to = link,
                        .subject = std::string(subject),
                        .reply = std::string(reply),
                        .bytes = std::string(bytes)};
      if (decide_ && decide_(copy) == fake_fate::is_lost) continue;
      tell(*link, std::move(copy));
    }
  }
  if (has_receiver || reply.empty()) return;
  for (const std::string& pattern : from.patterns_) {
    if (fits_subject(pattern, reply)) return tell(from, no_responders{std::string(reply)});
  }
}

inline fake_bus::stream_map::iterator fake_bus::choose() {
  std::vector<stream_map::iterator> ready;
  for (auto each = streams_.begin(); each != streams_.end(); ++each) {
    if (links_.at(each->first.to)->can_hear()) ready.push_back(each);
  }
  if (ready.empty()) return streams_.end();
  if (random_) return ready[(*random_)() % ready.size()];
  stream_map::iterator first = ready.front();
  for (const auto each : ready) {
    if (each->second.front().number < first->second.front().number) first = each;
  }
  return first;
}

inline std::optional<std::pair<std::uint64_t, fake_bus::event>> fake_bus::take() {
  const auto from = choose();
  if (from == streams_.end()) return std::nullopt;
  std::pair<std::uint64_t, event> taken(from->first.to, std::move(from->second.front().what));
  from->second.pop_front();
  if (from->second.empty()) streams_.erase(from);
  return taken;
}

inline bool fake_bus::deliver_one() {
  const auto taken = take();
  if (!taken) return false;
  links_.at(taken->first)->hear(taken->second);
  return true;
}

inline std::size_t fake_bus::deliver_all(std::size_t at_most) {
  std::size_t count = 0;
  while (deliver_one()) {
    if (++count > at_most) throw std::runtime_error("messages follow messages without an end");
  }
  return count;
}

inline bool fake_bus::lose_one() { return take().has_value(); }

inline std::size_t fake_bus::on_their_way() const {
  std::size_t count = 0;
  for (const auto& [name, events] : streams_) count += events.size();
  return count;
}

inline void fake_bus::cut(fake_link& link) {
  if (link.life_ != fake_link::life::connected) return;
  drop_all_to(link);
  link.life_ = fake_link::life::cut;
  tell(link, disconnected{});
}

inline void fake_bus::mend(fake_link& link, fake_buffer buffer) {
  if (link.life_ != fake_link::life::cut) return;
  link.life_ = fake_link::life::connected;
  link.buffered_bytes_ = 0;
  const std::vector<fake_message> kept = std::exchange(link.buffer_, {});
  tell(link, reconnected{});
  if (buffer == fake_buffer::is_lost) return;
  for (const fake_message& each : kept) route(link, each.subject, each.reply, each.bytes);
}

inline void fake_bus::cut_all() {
  for (const auto& [number, link] : links_) cut(*link);
}

inline void fake_bus::mend_all(fake_buffer buffer) {
  for (const auto& [number, link] : links_) mend(*link, buffer);
}

inline void fake_bus::freeze(fake_link& link) { link.is_frozen_ = true; }
inline void fake_bus::thaw(fake_link& link) { link.is_frozen_ = false; }

inline void fake_bus::kill(fake_link& link) {
  link.life_ = fake_link::life::dead;
  drop_all_to(link);
}

inline void fake_bus::forbid(fake_link& link, std::string pattern) {
  link.forbidden_.push_back(std::move(pattern));
}

inline std::size_t fake_bus::sent(std::string_view pattern) const {
  std::size_t count = 0;
  for (const auto& [subject, counted] : sent_) {
    if (fits_subject(pattern, subject)) count += counted.messages;
  }
  return count;
}

inline std::size_t fake_bus::sent_bytes(std::string_view pattern) const {
  std::size_t bytes = 0;
  for (const auto& [subject, counted] : sent_) {
    if (fits_subject(pattern, subject)) bytes += counted.bytes;
  }
  return bytes;
}

}  // namespace parwork_test
