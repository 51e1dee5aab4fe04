#include "nats/messages.hpp"

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <limits>
#include <type_traits>
#include <utility>

#include "nats/crc32c.hpp"
#include "nats/fields.hpp"

namespace parwork::nats::detail {

namespace {

constexpr std::string_view frame_magic = "PW";
constexpr std::size_t frame_head = 4;   // magic, version, type
constexpr std::size_t frame_check = 4;  // the CRC, little-endian

template <class T, class Message>
concept either = std::same_as<std::remove_const_t<T>, Message>;  // read, or written

// Items and outcomes are many: 16 bytes cost 17. A head says in its low bits what follows it, and
// above them how long the bytes are.
constexpr int head_bits = 2;
constexpr std::uint64_t head_mask = (std::uint64_t{1} << head_bits) - 1;
constexpr std::uint64_t has_index = 1;    // is not the one after the item before: how far from it
constexpr std::uint64_t has_attempt = 2;  // is not the one of the item before
// A head and two numbers.
constexpr std::size_t most_besides_bytes = 3 * longest_number;

void write_outcome(bounded_writer& to, const outcome& one) noexcept {
  const auto kind = static_cast<std::uint64_t>(one.kind);
  switch (one.kind) {
    case outcome_kind::result:
      to.number(one.result.size() << head_bits | kind);
      to.bytes(one.result);
      break;
    case outcome_kind::failed:
      to.number(one.message.size() << head_bits | kind);
      to.number(static_cast<std::uint64_t>(one.why));
      to.number(one.stage ? std::uint64_t{*one.stage} + 1 : 0);
      to.bytes(one.message);
      break;
    case outcome_kind::not_started:
      to.number(kind);
      break;
  }
}

void read_outcome(field_reader& from, outcome& one) noexcept {
  const std::uint64_t head = from.number();
  const std::uint64_t kind = head & head_mask;
  const std::uint64_t size = head >> head_bits;
  if (kind > static_cast<std::uint64_t>(outcome_kind::not_started)) return from.fail();
  one.kind = static_cast<outcome_kind>(kind);
  if (one.kind == outcome_kind::result) {
    one.result = from.payload(size);
  } else if (one.kind == outcome_kind::failed) {
    from(one.why);
    const std::uint64_t stage = from.number();
    if (stage > 0) one.stage = static_cast<std::uint32_t>(stage - 1);
    from.require(stage <= std::uint64_t{std::numeric_limits<std::uint32_t>::max()} + 1);
    one.message = from.payload(size);
  } else {
    from.require(size == 0);
  }
}

// At most so many bytes.
std::size_t room_of(const batch_item& item) noexcept {
  return most_besides_bytes + item.bytes.size();
}
std::size_t room_of(const outcome& one) noexcept {
  return most_besides_bytes + one.result.size() + one.message.size();
}
std::size_t room_of(const kept_item& one) noexcept {
  return longest_number + one.item.size() + room_of(one.its);
}

template <class Element>
std::size_t room_of_all(const std::vector<Element>& list) noexcept {
  std::size_t room = longest_number;
  for (const Element& element : list) room += room_of(element);
  return room;
}

void list_of(field_writer& each, const std::vector<batch_item>& items) {
  each.bounded(room_of_all(items), [&](bounded_writer& to) {
    to.number(items.size());
    std::uint64_t index = 0;
    std::uint32_t attempt = 1;
    for (const batch_item& item : items) {
      const bool jumps = item.index != index;
      const bool changes = item.attempt != attempt;
      to.number(item.bytes.size() << head_bits | (jumps ? has_index : 0) |
                (changes ? has_attempt : 0));
      if (jumps) to.number(folded(static_cast<std::int64_t>(item.index - index)));
      if (changes) to.number(attempt = item.attempt);
      to.bytes(item.bytes);
      index = item.index + 1;
    }
  });
}

void list_of(field_reader& each, std::vector<batch_item>& items) {
  items.resize(each.length());
  std::uint64_t index = 0;
  std::uint32_t attempt = 1;
  field_reader from = each;  // a local one stays in registers
  for (batch_item& item : items) {
    const std::uint64_t head = from.number();
    if ((head & has_index) != 0) index += static_cast<std::uint64_t>(unfolded(from.number()));
    if ((head & has_attempt) != 0) attempt = from.small_number();
    item = {.index = index++, .attempt = attempt, .bytes = from.payload(head >> head_bits)};
  }
  each = from;
}

void list_of(field_writer& each, const std::vector<outcome>& outcomes) {
  each.bounded(room_of_all(outcomes), [&](bounded_writer& to) {
    to.number(outcomes.size());
    for (const outcome& one : outcomes) write_outcome(to, one);
  });
}

void list_of(field_reader& each, std::vector<outcome>& outcomes) {
  outcomes.resize(each.length());
  field_reader from = each;
  for (outcome& one : outcomes) read_outcome(from, one);
  each = from;
}

void list_of(field_writer& each, const std::vector<kept_item>& items) {
  each.bounded(room_of_all(items), [&](bounded_writer& to) {
    to.number(items.size());
    for (const kept_item& one : items) {
      to.number(one.item.size());
      to.bytes(one.item);
      write_outcome(to, one.its);
    }
  });
}

void list_of(field_reader& each, std::vector<kept_item>& items) {
  items.resize(each.length());
  for (kept_item& one : items) {
    one.item = each.payload(each.number());
    read_outcome(each, one.its);
  }
}

// The fields of each message, in their order: one list for both ways.

void fields_of(auto& each, either<call> auto& m) {
  each(m.session, m.began, m.job, m.work, m.item_codec, m.result_codec, m.needs, m.heartbeat,
       m.lost_after, m.timeout);
}
void fields_of(auto& each, either<here> auto& m) { each(m.worker); }
void fields_of(auto& each, either<state> auto& m) {
  each(m.poll, m.worker, m.host, m.pid, m.threads, m.labels, m.fits, m.item_codec, m.result_codec,
       m.is_leaving, m.after, m.done, m.clock, m.held);
}
void fields_of(auto& each, either<batch> auto& m) {
  each(m.session, m.number, m.how);
  list_of(each, m.items);
}
void fields_of(auto& each, either<started> auto& m) { each(m.batch); }
void fields_of(auto& each, either<result> auto& m) {
  each(m.batch, m.thread, m.began, m.took);
  list_of(each, m.outcomes);
}
void fields_of(auto& each, either<kept> auto& m) {
  each(m.earlier, m.batch);
  list_of(each, m.items);
}
void fields_of(auto& each, either<taken> auto& m) { each(m.session, m.batches); }
void fields_of(auto& each, either<poll> auto& m) { each(m.session, m.number); }
void fields_of(auto& each, either<cancel> auto& m) { each(m.session, m.batches); }
void fields_of(auto& each, either<farewell> auto& m) { each(m.session); }
void fields_of(auto& each, either<goodbye> auto& m) { each(m.given_back, m.is_gone); }
void fields_of(auto& each, either<superseded> auto& m) { each(m.by); }
void fields_of(auto& each, either<part> auto& m) {
  each(m.session, m.of, m.index, m.count, m.bytes);
}
void fields_of(auto& each, either<part_got> auto& m) { each(m.session, m.of, m.index); }
void fields_of(auto& each, either<job_question> auto& m) { each(m.asker); }
void fields_of(auto& each, either<job_answer> auto& m) { each(m.holder, m.holds); }
void fields_of(auto&, either<status_question> auto&) {}
void fields_of(auto& each, either<job_status> auto& m) {
  each(m.session, m.job, m.work, m.host, m.pid, m.pending, m.held, m.done, m.failed,
       m.items_per_second, m.total);
}
void fields_of(auto& each, either<worker_status> auto& m) {
  each(m.worker, m.host, m.labels, m.works, m.pid, m.threads, m.held, m.done, m.items_per_second);
}

// What has to hold besides.
bool is_sound(const auto&) noexcept { return true; }
bool is_sound(const part& m) noexcept { return m.index < m.count; }

// A message's type is its place in `message`, from 1: 0 is none.
template <class Message, std::size_t Place = 0>
constexpr std::uint8_t type_of() {
  if constexpr (std::same_as<std::variant_alternative_t<Place, message>, Message>) {
    return Place + 1;
  } else {
    return type_of<Message, Place + 1>();
  }
}
static_assert(type_of<call>() == 1, "for all versions");

void append_crc(std::string& into, std::size_t begin) {
  std::uint32_t crc = crc32c(std::string_view(into).substr(begin));
  std::array<char, frame_check> bytes{};
  for (char& byte : bytes) {
    byte = static_cast<char>(crc & 0xff);
    crc >>= 8;
  }
  into.append(bytes.data(), bytes.size());
}

template <class Message>
void encode_frame(const Message& what, std::string& into) {
  const std::size_t begin = into.size();
  into += frame_magic;
  into += static_cast<char>(protocol_version);
  into += static_cast<char>(type_of<Message>());
  field_writer to(into);
  fields_of(to, what);
  append_crc(into, begin);
}

bool is_whole(std::string_view frame) noexcept {
  if (frame.size() < frame_head + frame_check || !frame.starts_with(frame_magic)) return false;
  const std::string_view check = frame.substr(frame.size() - frame_check);
  std::uint32_t crc = 0;
  for (std::size_t i = frame_check; i-- > 0;) {
    crc = crc << 8 | static_cast<unsigned char>(check[i]);
  }
  return crc32c(frame.substr(0, frame.size() - frame_check)) == crc;
}

template <class Message>
void decode_fields(field_reader& from, std::optional<message>& into) {
  auto& what = std::get<Message>(into.emplace(std::in_place_type<Message>));
  fields_of(from, what);
  if (from.has_failed() || !from.is_at_end() || !is_sound(what)) into.reset();
}

using fields_decoder = void (*)(field_reader&, std::optional<message>&);
constexpr auto fields_decoders = []<std::size_t... Place>(std::index_sequence<Place...>) {
  return std::array<fields_decoder, sizeof...(Place)>{
      &decode_fields<std::variant_alternative_t<Place, message>>...};
}(std::make_index_sequence<std::variant_size_v<message>>());

}  // namespace

void encode(const message& what, std::string& into) {
  std::visit([&](const auto& one) { encode_frame(one, into); }, what);
}
void encode(const batch& what, std::string& into) { encode_frame(what, into); }
void encode(const result& what, std::string& into) { encode_frame(what, into); }
void encode(const part& what, std::string& into) { encode_frame(what, into); }

decoded decode(std::string_view frame) {
  decoded made;
  if (!is_whole(frame)) return made;
  const auto version = static_cast<std::uint8_t>(frame[frame_magic.size()]);
  const auto type = static_cast<std::uint8_t>(frame[frame_magic.size() + 1]);
  field_reader from(frame.substr(frame_head, frame.size() - frame_head - frame_check));
  if (version != protocol_version) {
    made.fault = decode_fault::other_version;
    made.version = version;
    session_id caller;
    if (type == type_of<call>()) {
      from(caller);
      if (!from.has_failed()) made.caller = caller;
    }
  } else if (type > 0 && type <= fields_decoders.size()) {
    fields_decoders[type - 1](from, made.what);
  }
  return made;
}

}  // namespace parwork::nats::detail
