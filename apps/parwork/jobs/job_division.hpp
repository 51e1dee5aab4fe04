// How the items of a run are divided into jobs.
#pragma once

#include <cstddef>

namespace cli {

/// What it depends on besides items and options: a resumed run needs the same.
struct job_division {
  std::size_t room = 0;  // bytes of a command line for arguments, their ends and pointers
  unsigned slots = 1;    // that the last items are spread over, where as many as fit go into a job
};

}  // namespace cli
