// The seam to the message bus: what submitter and worker need of a server. NATS behind it in
// nats_link.hpp, and a fake one in the tests, which delivers, drops, delays and cuts as it is told.
//
// Thread safety: any thread may call a link. A listener is called by one thread at a time, each
// call happening-before the next, and never from within a call of the link by itself: it may call
// the link, and must not block. Invariants: messages of one sender to one subject arrive in the
// order they were published, or not at all; none arrives twice. After `close` has returned no
// listener is called any more.
#pragma once

#include <chrono>
#include <cstddef>
#include <exception>
#include <string>
#include <string_view>

namespace parwork::nats::detail {

/// Hears what a link has to say.
class link_listener {
 public:
  /// `reply` is empty where none is wanted. Both views live as long as the call.
  virtual void message(std::string_view subject, std::string_view reply,
                       std::string_view bytes) noexcept = 0;
  /// What was published with this reply had nobody to receive it (status 503).
  virtual void no_responders(std::string_view reply) noexcept = 0;
  virtual void disconnected() noexcept = 0;
  /// The same link again, with all its subscriptions. What was published while it was away has been
  /// sent, as far as its buffer went.
  virtual void reconnected() noexcept = 0;
  /// A subscription or a publication is not permitted. `why`: an access_denied.
  virtual void refused(std::exception_ptr why) noexcept = 0;

 protected:
  ~link_listener() = default;
};

class link {
 public:
  virtual ~link() = default;

  /// `pattern` may have `*` for a token, and `>` for all behind. When it returns the server knows
  /// of it, or the link is away and will tell it.
  virtual void subscribe(const std::string& pattern) = 0;
  virtual void unsubscribe(const std::string& pattern) noexcept = 0;

  /// Sends; never waits for anybody. While the link is away it keeps up to its buffer, and drops
  /// what is beyond: nobody may rely on a message's arrival.
  virtual void publish(std::string_view subject, std::string_view bytes) = 0;
  virtual void publish(std::string_view subject, std::string_view reply,
                       std::string_view bytes) = 0;
  /// Returns when what was published before has left this machine, or after `at_most`: false.
  /// Blocks: not from a listener.
  virtual bool flush(std::chrono::nanoseconds at_most) noexcept = 0;

  /// A fresh subject of one's own below `_INBOX`, for replies; to be subscribed.
  [[nodiscard]] virtual std::string new_inbox() = 0;
  /// The largest message, in bytes: the server's.
  [[nodiscard]] virtual std::size_t max_payload() const noexcept = 0;
  /// How many bytes have been published that the server may not have yet.
  [[nodiscard]] virtual std::size_t buffered() const noexcept = 0;
  [[nodiscard]] virtual bool is_connected() const noexcept = 0;

  /// Ends it: nothing is heard any more. Blocks until a listener's call that goes on has returned.
  virtual void close() noexcept = 0;
};

}  // namespace parwork::nats::detail
