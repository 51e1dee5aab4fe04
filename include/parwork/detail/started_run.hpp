// A run on a thread of its own: the compiled part of `running`.
//
// Thread safety: any thread, but for the destructor. Invariants:
// 1. The thread is joined once: by `wait` or by the destructor.
// 2. The parts live until then. Nobody runs their code any more when they are destroyed.
// 3. In the child of a fork there is no such thread: nothing is waited for or destroyed there.
#pragma once

#include <memory>

#include "parwork/detail/run.hpp"
#include "parwork/options.hpp"
#include "parwork/progress.hpp"
#include "parwork/run_control.hpp"
#include "parwork/summary.hpp"

namespace parwork::detail {

// Generator, work and collector with the run that they are parts of.
class started_parts {
 public:
  started_parts() = default;
  started_parts(const started_parts&) = delete;
  started_parts& operator=(const started_parts&) = delete;
  virtual ~started_parts() = default;

  [[nodiscard]] virtual run_handle& handle() noexcept = 0;
};

class started_run {
 public:
  // Gives the options a stop token and a control, if they have none, that this one can reach.
  explicit started_run(options& given);
  // Requests a stop and waits. What the run threw is lost.
  ~started_run();
  started_run(const started_run&) = delete;
  started_run& operator=(const started_run&) = delete;

  // Starts it, on a thread made like the pool's. Throws std::system_error, and what the pool's
  // on_thread_start throws. Once.
  void begin(std::unique_ptr<started_parts> of_run);

  [[nodiscard]] summary wait();
  [[nodiscard]] bool is_done() const noexcept;
  void request_stop() noexcept;
  [[nodiscard]] progress now() const;
  [[nodiscard]] run_control& control() noexcept;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace parwork::detail
