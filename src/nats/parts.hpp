// Messages that are larger than the bus takes: cut into parts, each acknowledged, and put together.
//
// A part goes out on the subject of its message, and a `part_got` comes back for it. At most 16
// parts of a receiver are on their way, fewer where some were lost. As messages on one subject keep
// their order, an acknowledgement says that unacknowledged parts sent before are lost: they go out
// again at once. Where nothing comes back any more, each poll sends one part to find out. So a slow
// receiver is not given everything twice.
//
// Order. A message that fits is sent at once, and overtakes parts: a poll is to be answered however
// much else is on its way. What has to come behind is sent by `send_behind`: it waits until all
// that was sent before it to that receiver, in parts, is there. These need it:
// - the state that answers a call, behind all that was kept (the submitter gives out nothing that
//   a worker has kept); and the answer to a poll before that state has left;
// - a cancel, behind the batches that it names (or they would arrive, and be run, after it).
// And whoever reads from an answer what is missing asks `is_under_way` first: a batch was sent
// before a poll only if all of it was there; a result that is under way is not sent again.
//
// Memory. A sender begins no message before all but the last 15 are there, and only as many as make
// one of the largest together, or a single one. So a receiver needs to know of 16 messages. What it
// holds of earlier ones will never be complete: it forgets that.
//
// Thread safety: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "nats/messages.hpp"
#include "nats/session_id.hpp"

namespace parwork::nats::detail {

inline constexpr std::size_t most_parts_on_their_way = 16;
inline constexpr std::size_t most_messages_begun = 16;
/// The largest message: an item and its result, and the rest. Whoever puts several results into a
/// message begins no more items once they have `largest_payload` together.
inline constexpr std::size_t largest_message = 2 * largest_payload + (std::size_t{1} << 20);
/// What an assembler holds of a sender at most: one of the largest, what was dropped before it, and
/// what it costs to keep parts.
inline constexpr std::size_t most_held_of_a_sender = 3 * largest_message;

/// The largest frame that is sent as it is: 256 KiB, and the server's limit less 1 KiB.
[[nodiscard]] std::size_t largest_frame(std::size_t max_payload) noexcept;

/// Where to: `receiver` is a worker's or a submitter's name, `session` the submitter's of the two.
struct part_destination {
  session_id receiver = {};
  session_id session = {};
  std::string subject = {};
};

/// Sends frames, in parts where they are too large.
class part_sender {
 public:
  using publisher = std::function<void(std::string_view subject, std::string_view frame)>;

  /// What `publish` throws leaves the call that it happened in; the part counts as lost.
  /// `most_begun`: bytes of messages begun for a receiver, unless it is a single one.
  explicit part_sender(publisher publish, std::size_t most_begun = largest_message)
      : publish_(std::move(publish)), most_begun_(most_begun) {}

  // Each returns the number of a message that is under way, and 0 of one that has been sent.
  // `max_payload` is the server's. REQUIRES: no more than `largest_message`.

  std::uint64_t send(const part_destination& to, std::string_view frame, std::size_t max_payload);
  /// The same, without a copy of what is large.
  std::uint64_t send(const part_destination& to, std::shared_ptr<const std::string> frame,
                     std::size_t max_payload);
  /// Behind all that is under way to this receiver.
  std::uint64_t send_behind(const part_destination& to, std::string_view frame,
                            std::size_t max_payload);

  /// An acknowledgement has come. The number of the message that is there by it, or 0.
  std::uint64_t got(const session_id& receiver, const part_got& what);
  /// To be called at each poll: where no acknowledgement has come since the last call, one part
  /// goes out again.
  void poll(const session_id& receiver);

  /// A part is not acknowledged, or it waits behind others.
  [[nodiscard]] bool is_under_way(const session_id& receiver, std::uint64_t number) const noexcept;
  /// Bytes of messages under way.
  [[nodiscard]] std::size_t waiting(const session_id& receiver) const noexcept;

  /// The message is not wanted any more. It may have arrived all the same.
  void drop(const session_id& receiver, std::uint64_t number);
  /// Nothing is wanted any more there.
  void forget(const session_id& receiver) noexcept { peers_.erase(receiver); }

 private:
  enum class place { anywhere, behind_all };

  struct outgoing {
    std::uint64_t number = 0;
    place where = place::anywhere;
    std::shared_ptr<const std::string> frame;  // null: dropped
    std::size_t size = 0;
    std::size_t part_size = 0;
    std::uint32_t count = 0;  // of parts; 0: it goes as it is
    std::uint32_t next = 0;   // all before it have been sent
    std::uint32_t there = 0;  // how many are acknowledged

    [[nodiscard]] bool is_there() const noexcept { return count > 0 && there == count; }
  };
  struct piece {
    std::uint64_t of = 0;
    std::uint32_t index = 0;
    friend bool operator==(const piece&, const piece&) = default;
  };
  using message_queue = std::deque<outgoing>;
  struct peer {
    part_destination to;
    message_queue queue;  // what is there stays behind one that is not: it counts as begun
    std::map<std::uint64_t, piece> on_their_way;  // in the order in which they were sent
    std::deque<piece> lost;                       // to be sent again
    std::uint64_t sent = 0;                       // how many parts, those sent again, too
    std::size_t window = 4;                       // how many may be on their way
    bool has_progressed = true;                   // since the last poll
  };
  using peer_map = std::unordered_map<session_id, peer, session_id_hash>;

  std::uint64_t enqueue(const part_destination& to, std::shared_ptr<const std::string> frame,
                        std::size_t max_payload, place where);
  static message_queue::iterator find(peer& in, std::uint64_t number) noexcept;
  static bool take_from_way(peer& from, const piece& which);
  static void lose(peer& in, std::map<std::uint64_t, piece>::iterator end);
  void pump(peer_map::iterator receiver);
  bool retire_front(peer& to);
  outgoing* next_to_send(peer& in) const noexcept;
  void publish_part(peer& to, const outgoing& what, std::uint32_t index);

  publisher publish_;
  const std::size_t most_begun_;
  std::uint64_t numbers_given_ = 0;  // each once, for receivers remember them
  peer_map peers_;                   // those with something under way
  std::string scratch_;
};

/// What a part was to an assembler.
enum class part_fate : std::uint8_t {
  collected,  // acknowledge it
  completed,  // acknowledge it; `whole` is the message
  known,      // has come before, or is of no interest any more: acknowledge it
  damaged,    // contradicts what came before, or is beyond the limits: drop it, and count it
};

struct part_taken {
  part_fate fate = part_fate::damaged;
  std::string whole = {};
};

struct part_limits {
  std::size_t largest = largest_message;
  std::size_t held = most_held_of_a_sender;
};

/// Puts messages together from their parts, of any number of senders.
class part_assembler {
 public:
  explicit part_assembler(part_limits limits = {}) noexcept : limits_(limits) {}

  /// `sender`: the submitter's session to a worker, the worker's name to a submitter. REQUIRES: a
  /// sender that is known, for there is no limit to their number here.
  /// A whole message that is a part again is damage: nobody makes it.
  [[nodiscard]] part_taken take(const session_id& sender, const part& what);
  /// It is gone.
  void forget(const session_id& sender) noexcept { senders_.erase(sender); }
  /// Bytes held of a sender, with what it costs to keep them.
  [[nodiscard]] std::size_t held(const session_id& sender) const noexcept;

 private:
  struct unfinished {
    std::uint32_t count = 0;  // of parts
    bool is_complete = false;
    std::size_t bytes = 0;  // of its parts
    std::map<std::uint32_t, std::string> pieces;

    [[nodiscard]] std::size_t cost() const noexcept;
  };
  struct origin {
    std::map<std::uint64_t, unfinished> messages;  // the latest
    std::uint64_t forgotten = 0;                   // this number, and all before
    std::size_t held = 0;
  };

  static void forget_oldest(origin& of) noexcept;
  [[nodiscard]] bool make_room(origin& of, std::uint64_t number, std::size_t bytes) const noexcept;
  static std::string complete(origin& of, unfinished& into);

  const part_limits limits_;
  std::unordered_map<session_id, origin, session_id_hash> senders_;
};

}  // namespace parwork::nats::detail
