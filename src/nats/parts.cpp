#include "nats/parts.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace parwork::nats::detail {

namespace {

constexpr std::size_t largest_frame_ever = std::size_t{256} << 10;
constexpr std::size_t room_for_protocol = std::size_t{1} << 10;  // subjects and headers
// Of a frame with a part: magic to type, session, three numbers, a length, the check.
constexpr std::size_t room_for_part_fields = 64;
constexpr std::size_t cost_of_a_piece =
    128;  // a node of a map, its string, and their memory's heads

}  // namespace

std::size_t largest_frame(std::size_t max_payload) noexcept {
  if (max_payload <= 2 * room_for_protocol) return max_payload / 2;
  return std::min(largest_frame_ever, max_payload - room_for_protocol);
}

std::uint64_t part_sender::send(const part_destination& to, std::string_view frame,
                                std::size_t max_payload) {
  if (frame.size() <= largest_frame(max_payload)) {
    publish_(to.subject, frame);
    return 0;
  }
  return enqueue(to, std::make_shared<const std::string>(frame), max_payload, place::anywhere);
}

std::uint64_t part_sender::send(const part_destination& to,
                                std::shared_ptr<const std::string> frame, std::size_t max_payload) {
  if (frame->size() <= largest_frame(max_payload)) {
    publish_(to.subject, *frame);
    return 0;
  }
  return enqueue(to, std::move(frame), max_payload, place::anywhere);
}

std::uint64_t part_sender::send_behind(const part_destination& to, std::string_view frame,
                                       std::size_t max_payload) {
  if (!peers_.contains(to.receiver)) return send(to, frame, max_payload);
  return enqueue(to, std::make_shared<const std::string>(frame), max_payload, place::behind_all);
}

std::uint64_t part_sender::enqueue(const part_destination& to,
                                   std::shared_ptr<const std::string> frame,
                                   std::size_t max_payload, place where) {
  const std::size_t size = frame->size();
  assert(size <= largest_message);
  const std::size_t limit = largest_frame(max_payload);
  const std::size_t part_size =
      std::max<std::size_t>(limit, 2 * room_for_part_fields) - room_for_part_fields;
  const std::size_t count = size <= limit ? 0 : (size + part_size - 1) / part_size;
  const auto receiver = peers_.try_emplace(to.receiver).first;
  receiver->second.to = to;
  const std::uint64_t number = ++numbers_given_;
  receiver->second.queue.push_back({.number = number,
                                    .where = where,
                                    .frame = std::move(frame),
                                    .size = size,
                                    .part_size = part_size,
                                    .count = static_cast<std::uint32_t>(count)});
  pump(receiver);
  return number;
}

std::uint64_t part_sender::got(const session_id& receiver, const part_got& what) {
  const auto found = peers_.find(receiver);
  if (found == peers_.end()) return 0;
  peer& from = found->second;
  const piece which{.of = what.of, .index = what.index};
  if (!take_from_way(from, which) && std::erase(from.lost, which) == 0) return 0;
  from.has_progressed = true;
  outgoing& sent = *find(from, what.of);
  const bool is_there = ++sent.there == sent.count;
  pump(found);
  return is_there ? what.of : 0;
}

void part_sender::poll(const session_id& receiver) {
  const auto found = peers_.find(receiver);
  if (found == peers_.end()) return;
  peer& to = found->second;
  if (!std::exchange(to.has_progressed, false)) {
    lose(to, to.on_their_way.end());
    to.window = 1;
  }
  pump(found);
}

bool part_sender::is_under_way(const session_id& receiver, std::uint64_t number) const noexcept {
  const auto found = peers_.find(receiver);
  if (found == peers_.end()) return false;
  return std::ranges::any_of(found->second.queue, [&](const outgoing& each) {
    return each.number == number && !each.is_there();
  });
}

std::size_t part_sender::waiting(const session_id& receiver) const noexcept {
  const auto found = peers_.find(receiver);
  if (found == peers_.end()) return 0;
  std::size_t bytes = 0;
  for (const outgoing& each : found->second.queue) bytes += each.is_there() ? 0 : each.size;
  return bytes;
}

void part_sender::drop(const session_id& receiver, std::uint64_t number) {
  const auto found = peers_.find(receiver);
  if (found == peers_.end()) return;
  peer& from = found->second;
  const auto dropped = find(from, number);
  if (dropped == from.queue.end()) return;
  std::erase_if(from.on_their_way, [&](const auto& each) { return each.second.of == number; });
  std::erase_if(from.lost, [&](const piece& each) { return each.of == number; });
  if (dropped->next == 0) {
    from.queue.erase(dropped);
  } else {  // the receiver counts it among those begun, and holds what it has got
    dropped->next = dropped->there = dropped->count;
    dropped->frame = nullptr;
  }
  pump(found);
}

part_sender::message_queue::iterator part_sender::find(peer& in, std::uint64_t number) noexcept {
  return std::ranges::find(in.queue, number, &outgoing::number);
}

// One that was sent again has its place where it was sent last.
bool part_sender::take_from_way(peer& from, const piece& which) {
  const auto found = std::ranges::find_if(from.on_their_way,
                                          [&](const auto& each) { return each.second == which; });
  if (found == from.on_their_way.end()) return false;
  if (found == from.on_their_way.begin()) {
    from.window = std::min(from.window + 1, most_parts_on_their_way);
  } else {
    lose(from, found);
    from.window = std::max<std::size_t>(from.window / 2, 1);
  }
  from.on_their_way.erase(found);
  return true;
}

// Those that were sent before `end`.
void part_sender::lose(peer& in, std::map<std::uint64_t, piece>::iterator end) {
  for (auto each = in.on_their_way.begin(); each != end; ++each) in.lost.push_back(each->second);
  in.on_their_way.erase(in.on_their_way.begin(), end);
}

// Sends what may be sent.
void part_sender::pump(peer_map::iterator receiver) {
  peer& to = receiver->second;
  for (;;) {
    while (retire_front(to)) {
    }
    if (to.on_their_way.size() >= to.window) return;
    if (!to.lost.empty()) {
      const piece again = to.lost.front();
      to.lost.pop_front();
      publish_part(to, *find(to, again.of), again.index);
    } else if (outgoing* const next = next_to_send(to)) {
      publish_part(to, *next, next->next++);
    } else {
      break;
    }
  }
  if (to.queue.empty()) peers_.erase(receiver);
}

// Takes off the front what is there, or goes as it is. False where it is neither.
bool part_sender::retire_front(peer& to) {
  if (to.queue.empty()) return false;
  outgoing& front = to.queue.front();
  if (front.count == 0) {
    const std::shared_ptr<const std::string> frame = std::move(front.frame);
    to.queue.pop_front();
    publish_(to.to.subject, *frame);
    return true;
  }
  if (!front.is_there()) return false;
  to.queue.pop_front();
  return true;
}

// The next with a part that has not been sent yet.
part_sender::outgoing* part_sender::next_to_send(peer& in) const noexcept {
  std::size_t begun = 0;
  std::size_t bytes = 0;
  for (outgoing& each : in.queue) {
    const bool is_first = begun == 0;
    ++begun;
    bytes += each.size;
    if (!is_first &&
        (each.where == place::behind_all || begun > most_messages_begun || bytes > most_begun_)) {
      return nullptr;
    }
    if (each.next < each.count) return &each;
  }
  return nullptr;
}

void part_sender::publish_part(peer& to, const outgoing& what, std::uint32_t index) {
  const auto all = std::string_view(*what.frame);
  const part one{.session = to.to.session,
                 .of = what.number,
                 .index = index,
                 .count = what.count,
                 .bytes = all.substr(std::size_t{index} * what.part_size, what.part_size)};
  to.on_their_way.emplace(++to.sent, piece{.of = what.number, .index = index});
  scratch_.clear();
  encode(one, scratch_);
  publish_(to.to.subject, scratch_);
}

std::size_t part_assembler::unfinished::cost() const noexcept {
  return bytes + pieces.size() * cost_of_a_piece;
}

part_taken part_assembler::take(const session_id& sender, const part& what) {
  if (what.of == 0 || what.index >= what.count || what.bytes.empty()) return {};
  origin& from = senders_[sender];
  if (what.of <= from.forgotten) return {.fate = part_fate::known};
  unfinished& into = from.messages[what.of];
  if (into.count == 0) {
    into.count = what.count;
    while (from.messages.size() > most_messages_begun) forget_oldest(from);
    if (what.of <= from.forgotten) return {.fate = part_fate::known};
  }
  if (into.count != what.count) return {};
  if (into.is_complete || into.pieces.contains(what.index)) {
    return {.fate = part_fate::known};
  }
  if (into.bytes + what.bytes.size() > limits_.largest) return {};
  if (!make_room(from, what.of, what.bytes.size() + cost_of_a_piece)) return {};
  into.pieces.emplace(what.index, what.bytes);
  into.bytes += what.bytes.size();
  from.held += what.bytes.size() + cost_of_a_piece;
  if (into.pieces.size() < into.count) return {.fate = part_fate::collected};
  return {.fate = part_fate::completed, .whole = complete(from, into)};
}

std::size_t part_assembler::held(const session_id& sender) const noexcept {
  const auto found = senders_.find(sender);
  return found == senders_.end() ? 0 : found->second.held;
}

void part_assembler::forget_oldest(origin& of) noexcept {
  const auto oldest = of.messages.begin();
  of.forgotten = oldest->first;
  of.held -= oldest->second.cost();
  of.messages.erase(oldest);
}

// Forgets what came before that message, as far as it has to. False where that is not enough.
bool part_assembler::make_room(origin& of, std::uint64_t number, std::size_t bytes) const noexcept {
  while (of.held + bytes > limits_.held) {
    if (of.messages.begin()->first == number) return false;
    forget_oldest(of);
  }
  return true;
}

std::string part_assembler::complete(origin& of, unfinished& into) {
  std::string whole;
  whole.reserve(into.bytes);
  of.held -= into.cost();
  into.is_complete = true;
  into.bytes = 0;
  while (!into.pieces.empty()) {  // each is freed as soon as it has been copied
    whole += into.pieces.begin()->second;
    into.pieces.erase(into.pieces.begin());
  }
  return whole;
}

}  // namespace parwork::nats::detail
