// The stop token of an attempt with a deadline.
#pragma once

#include <stop_token>

#include "engine/timer.hpp"
#include "engine/worker.hpp"
#include "parwork/context.hpp"

namespace parwork::detail {

// Requested by a stop of the run and by the deadline. Made only for attempts that ask for their
// token. May throw std::bad_alloc.
[[nodiscard]] attempt_stop_ptr make_attempt_stop(std::stop_token of_run, timer& timers,
                                                 clock::time_point deadline);

}  // namespace parwork::detail
