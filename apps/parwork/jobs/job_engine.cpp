#include "jobs/job_engine.hpp"

namespace cli {

void job_engine::submit(job& which, parwork::completer<outcome> done) {
  which.submitted = true;
  waiting_job next{&which, std::move(done)};
  if (queue.add(next)) {
    wake();
  } else {
    next.done.fail(not_started());
  }
}

}  // namespace cli
