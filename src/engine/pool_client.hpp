// What a pool knows of a run that it lends threads to.
//
// Thread safety: the pool calls everything but `help` and `notify` with its lock held.
#pragma once

#include <vector>

#include "engine/parker.hpp"
#include "parwork/detail/run.hpp"

namespace parwork::detail {

struct pool_thread;

// Whether a thread is the one that looks for work: at most one of a run is, at any time.
enum class searching { no, yes };

// Whether an idle thread could join a run, or one may be started for it.
enum class lendable { no, yes };

// What a run and its pool have agreed on. Guarded by the pool's lock.
struct lending {
  unsigned seats = 0;           // helpers it may ever have, numbered 1 to `seats`
  unsigned most = 0;            // helpers it may have at once: those numbered 1 to `most`
  unsigned present = 0;         // helpers it has
  unsigned pinned = 0;          // threads that look after it without taking part
  bool to_be_notified = false;  // by one of those
  bool ending = false;          // the caller waits for them to leave
  slots kind = slots::free_for_all;
  std::vector<unsigned> free_numbers;     // free_for_all: those not in use
  std::vector<const pool_thread*> bound;  // bound_to_threads: helper number - 1 -> its thread
};

class pool_client {
 public:
  pool_client() = default;
  pool_client(const pool_client&) = delete;
  pool_client& operator=(const pool_client&) = delete;

  // A thread of the pool takes part as worker `number` for as long as it finds something to do.
  // False: there is no memory for a worker of that number.
  [[nodiscard]] virtual bool help(unsigned number, searching search) noexcept = 0;
  // Whether there is anything that worker `number` could do now; `helper_to_be`: of a thread
  // that is none.
  [[nodiscard]] virtual bool is_there_work(unsigned number) noexcept = 0;
  // Yes: the calling thread has become the one that makers rely on.
  [[nodiscard]] virtual searching search_unless_others_do() noexcept = 0;
  // Whether it may have a thread of its own started.
  [[nodiscard]] virtual bool may_start_thread() const noexcept = 0;
  virtual void set_lendable(lendable can_help) noexcept = 0;
  // Whether a wake-up has been held back and there is something to take still.
  [[nodiscard]] virtual bool take_held_back() noexcept = 0;
  // Wakes a thread for it, if one is free.
  virtual void notify() noexcept = 0;

  [[nodiscard]] lending& terms() noexcept { return terms_; }
  // Where its caller waits for the pool's threads to leave.
  [[nodiscard]] parker& caller_place() noexcept { return caller_place_; }

 protected:
  ~pool_client() = default;

 private:
  lending terms_;
  parker caller_place_;
};

}  // namespace parwork::detail
