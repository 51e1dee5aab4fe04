// The sessions of submitters that a worker knows, and those that it will not listen to any more.
//
// Thread safety: one thread at a time. Invariants:
// 1. Of a job and a work one session at most has it, and all others are superseded or gone. Another
//    one gets it that began later, or, if the holder is not there any more, any that calls.
// 2. What was superseded stays so: its id is remembered (the latest thousand of them), and who held
//    a job last, after all that belonged to them is gone.
// 3. References to sessions stay valid until `erase`.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "nats/messages.hpp"
#include "nats/owned_batch.hpp"
#include "nats/session_id.hpp"

namespace parwork::nats::detail {

/// Of two sessions the later one: by their clocks, and where those agree by anything.
struct session_rank {
  std::uint64_t began = 0;
  session_id id = {};

  friend auto operator<=>(const session_rank&, const session_rank&) = default;
};

enum class presence : std::uint8_t {
  present,     // it has been heard of within its `lost_after`
  absent,      // it has not, and its job has a name: what it left is worked off and kept
  superseded,  // a later session has taken the job over
};

struct worker_session {
  using time_point = std::chrono::steady_clock::time_point;

  session_id id = {};
  std::uint64_t began = 0;  // as it says
  std::uint64_t after = 0;  // when the one began that had its job before; 0: none
  std::string job = {};
  std::string work = {};
  fitness fits = fitness::serves;
  served_work* served = nullptr;  // null where it does not fit
  std::chrono::nanoseconds heartbeat{0};
  std::chrono::nanoseconds lost_after{0};
  std::chrono::nanoseconds timeout{0};
  time_point heard_at = {};
  presence is = presence::present;
  session_id heir = {};  // of superseded: who gets what it left
  // Want its job, and began earlier: its next word decides, or its silence.
  std::vector<session_id> rivals = {};
  // Its first state comes behind all that earlier sessions left.
  bool is_introduced = false;      // that has been said
  bool awaits_state = false;       // it is to be said
  std::uint64_t awaited_poll = 0;  // which it answers, too
  std::map<std::uint64_t, owned_batch_ptr> held = {};
};

class session_table {
 public:
  using sessions = std::map<session_id, worker_session>;
  using time_point = worker_session::time_point;

  /// Null: not known.
  [[nodiscard]] worker_session* find(const session_id& id) noexcept;
  /// REQUIRES: it is not known, and not superseded.
  worker_session& add(worker_session&& fresh);
  void erase(const session_id& id) noexcept { sessions_.erase(id); }

  [[nodiscard]] std::optional<session_id> superseded_by(const session_id& id) const noexcept;

  /// It says so at each call.
  void has_begun(worker_session& its, std::uint64_t when);
  /// Null: it may take its job over. Else who has it, and may be there.
  [[nodiscard]] worker_session* holder_against(const worker_session& fresh,
                                               time_point now) noexcept;
  /// The holder has spoken. Returns who is superseded by that.
  [[nodiscard]] std::vector<session_id> refuse_rivals(worker_session& holder);
  void add_rival(worker_session& holder, const session_id& its);

  /// The job is its own now. Returns the earlier sessions of the same job and work that are here:
  /// they are superseded, and it is the heir of all.
  /// REQUIRES: the job has a name. Of who has held it before all along: nothing changes.
  std::vector<worker_session*> take_over(worker_session& by);

  /// What belongs to a session: itself, and those that it is the heir of.
  [[nodiscard]] std::vector<worker_session*> belonging_to(worker_session& its);
  /// Who gets what a session's batches come to; null: nobody.
  [[nodiscard]] worker_session* receiver_of(worker_session& its) noexcept;

  [[nodiscard]] sessions& all() noexcept { return sessions_; }
  [[nodiscard]] const sessions& all() const noexcept { return sessions_; }
  [[nodiscard]] std::size_t size() const noexcept { return sessions_.size(); }

 private:
  using job_and_work = std::pair<std::string, std::string>;

  void remember_superseded(const session_id& id, const session_id& by);
  // Returns who held it before.
  std::optional<session_rank> remember_holder(const worker_session& now);

  sessions sessions_;
  std::unordered_map<session_id, session_id, session_id_hash> superseded_;  // and by whom
  std::deque<session_id> superseded_in_order_;
  std::map<job_and_work, session_rank> holders_;
  std::deque<job_and_work> holders_in_order_;
};

}  // namespace parwork::nats::detail
