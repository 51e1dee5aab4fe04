// Gives what an attempt came to to its run.
//
// Thread safety: for one job by one thread at a time.
#pragma once

#include <cstdint>

#include "jobs/job.hpp"
#include "jobs/outcome.hpp"
#include "parwork/completer.hpp"

namespace cli {

/// Whether a journal is to have a failure, with all that it came to.
enum class outcome_use : std::uint8_t { shown, recorded };

/// A success is the run's result, a failure the job's.
void give_outcome(job& which, parwork::completer<outcome> done, outcome&& ended, outcome_use use);

}  // namespace cli
