// Everything of parwork's core.
#pragma once

#include "parwork/detail/language.hpp"

#ifdef PARWORK_LANGUAGE_IS_NEW_ENOUGH  // else that one error is all

#include "parwork/adapters.hpp"
#include "parwork/batch_completer.hpp"
#include "parwork/batched.hpp"
#include "parwork/completer.hpp"
#include "parwork/completion.hpp"
#include "parwork/concepts.hpp"
#include "parwork/context.hpp"
#include "parwork/cpus.hpp"
#include "parwork/failure.hpp"
#include "parwork/keyed.hpp"
#include "parwork/options.hpp"
#include "parwork/per_worker.hpp"
#include "parwork/pool.hpp"
#include "parwork/prefinished.hpp"
#include "parwork/process.hpp"
#include "parwork/progress.hpp"
#include "parwork/progress_bar.hpp"
#include "parwork/recorder.hpp"
#include "parwork/reduce.hpp"
#include "parwork/refs.hpp"
#include "parwork/results.hpp"
#include "parwork/retry.hpp"
#include "parwork/run_control.hpp"
#include "parwork/split.hpp"
#include "parwork/stages.hpp"
#include "parwork/start.hpp"
#include "parwork/summary.hpp"
#include "parwork/work.hpp"

#endif
