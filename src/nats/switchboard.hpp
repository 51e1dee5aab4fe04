// One connection for many: what arrives goes to those whom its subject concerns.
//
// Thread safety: any thread. Invariants: after `disconnect` has returned, what was connected is not
// called any more. A listener is called with the switchboard's lock held: it may call the link, and
// not the switchboard.
#pragma once

#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "nats/link.hpp"
#include "nats/reply_box.hpp"
#include "parwork/detail/mutex.hpp"

namespace parwork::nats::detail {

class switchboard final : public link_listener {
 public:
  /// From now on what arrives at a subject that begins with `prefix` goes to the listener that
  /// `make` returns, as does what is for all. The longest prefix counts. `make` is called with the
  /// lock held: what answers to its first words finds it. REQUIRES: not connected already.
  void connect(const std::string& prefix, const std::function<link_listener&()>& make)
      PARWORK_EXCLUDES(lock_);
  void disconnect(const std::string& prefix) noexcept PARWORK_EXCLUDES(lock_);

  /// What arrives at exactly this subject goes there.
  void connect(const std::string& subject, std::shared_ptr<reply_box> box) PARWORK_EXCLUDES(lock_);
  void disconnect_box(const std::string& subject) noexcept PARWORK_EXCLUDES(lock_);

  /// What arrives at a subject is for all that are connected by a prefix.
  void announce(const std::string& subject) PARWORK_EXCLUDES(lock_);

  // --- the link ---
  void message(std::string_view subject, std::string_view reply,
               std::string_view bytes) noexcept override PARWORK_EXCLUDES(lock_);
  void no_responders(std::string_view reply) noexcept override PARWORK_EXCLUDES(lock_);
  void disconnected() noexcept override PARWORK_EXCLUDES(lock_);
  void reconnected() noexcept override PARWORK_EXCLUDES(lock_);
  void refused(std::exception_ptr why) noexcept override PARWORK_EXCLUDES(lock_);

 private:
  using listeners = std::map<std::string, link_listener*, std::less<>>;

  [[nodiscard]] link_listener* listener_of(std::string_view subject) const noexcept
      PARWORK_REQUIRES(lock_);
  template <class Tell>
  void tell_all(Tell&& tell) noexcept PARWORK_REQUIRES(lock_);

  parwork::detail::mutex lock_;
  listeners listeners_ PARWORK_GUARDED_BY(lock_);
  std::map<std::string, std::shared_ptr<reply_box>, std::less<>> boxes_ PARWORK_GUARDED_BY(lock_);
  std::set<std::string, std::less<>> for_all_ PARWORK_GUARDED_BY(lock_);
};

}  // namespace parwork::nats::detail
