// Why a job was not started: what an errno of launching it means, and what to say.
#pragma once

#include <cstddef>
#include <string>

#include "jobs/job_end.hpp"
#include "options/settings.hpp"
#include "support/error.hpp"

namespace cli {

/// What another attempt may have, once others have given something back.
[[nodiscard]] bool is_for_lack_of_resources(int fault) noexcept;

/// A command that is not there, or no program: so it is for every job.
[[nodiscard]] bool is_not_runnable(int fault) noexcept;

/// One sentence that names the program, or the items of which there are so many.
[[nodiscard]] std::string why_not_started(const std::string& program, std::size_t items, int fault);

/// Notes the end of a job that was never started, with that sentence.
void note_not_started(job_end& into, const std::string& program, std::size_t items, int fault);

/// This process's own limit is too low for a single job: nobody else gives files back while nothing
/// of ours runs. Names the number that is needed.
[[nodiscard]] error too_few_files(const run_settings& settings);

}  // namespace cli
