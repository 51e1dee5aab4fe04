// Who holds a job: one submitter at a time, by asking.
//
// A job is free where nobody answers for it: status 503, or silence for two seconds (its holder is
// frozen, or its machine is gone: it is superseded). Two who ask at once see each other's questions
// when both listen, and the lower session gets it. Workers settle what this cannot: they follow the
// session that began last.
//
// Thread safety: `claim` by one thread at a time; messages on the link's thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "nats/link.hpp"
#include "nats/session_id.hpp"
#include "nats/switchboard.hpp"
#include "parwork/detail/mutex.hpp"

namespace parwork::nats::detail {

class job_claim final : public link_listener {
 public:
  /// REQUIRES: both outlive it, and `through` is the listener of `over`.
  job_claim(link& over, switchboard& through, const std::string& prefix, std::string job);
  ~job_claim();

  /// Blocks for two seconds at most. Throws job_busy.
  void claim();

 private:
  void ask(std::chrono::nanoseconds at_most);
  void refuse() const;

  void message(std::string_view subject, std::string_view reply,
               std::string_view bytes) noexcept override PARWORK_EXCLUDES(lock_);
  void no_responders(std::string_view) noexcept override {}
  void disconnected() noexcept override {}
  void reconnected() noexcept override {}
  void refused(std::exception_ptr why) noexcept override PARWORK_EXCLUDES(lock_);

  link& link_;
  switchboard& switchboard_;
  const std::string job_;
  const std::string subject_;
  const session_id own_ = session_id::make();

  enum class stage { asks, listens, holds, lost };
  parwork::detail::mutex lock_;
  stage stage_ PARWORK_GUARDED_BY(lock_) = stage::asks;
  std::exception_ptr refused_ PARWORK_GUARDED_BY(lock_);
};

}  // namespace parwork::nats::detail
