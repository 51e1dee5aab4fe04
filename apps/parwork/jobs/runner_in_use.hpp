// The runner of a run that goes on, for the thread that watches its children.
//
// Thread safety: every function may be called by any thread.
#pragma once

#include "jobs/job_engine.hpp"
#include "support/mutex.hpp"

namespace cli {

class runner_in_use {
 public:
  class use {
   public:
    use(runner_in_use& in, job_engine& which) : in_(in) { in_.set(&which); }
    use(const use&) = delete;
    use& operator=(const use&) = delete;
    ~use() { in_.set(nullptr); }

   private:
    runner_in_use& in_;
  };

  void look_for_stopped() CLI_EXCLUDES(mutex_) {
    const mutex_lock lock(mutex_);
    if (runner_ != nullptr) runner_->look_for_stopped();
  }

 private:
  void set(job_engine* which) CLI_EXCLUDES(mutex_) {
    const mutex_lock lock(mutex_);
    runner_ = which;
  }

  mutex mutex_;
  job_engine* runner_ CLI_GUARDED_BY(mutex_) = nullptr;
};

}  // namespace cli
