// What follows from the settings of a run before it has read anything.
#pragma once

#include "jobs/command_template.hpp"
#include "jobs/job_division.hpp"
#include "options/settings.hpp"
#include "output/job_output.hpp"

namespace cli {

// `names`: of columns that the command may use. Throws `error` for a command that names what is not
// there.
[[nodiscard]] command_template template_of(const run_settings& settings,
                                           const column_names& names = {});
[[nodiscard]] command_template template_without_header(const run_settings& settings);

[[nodiscard]] output_mode mode_of(const run_settings& settings);
[[nodiscard]] job_division division_for(const run_settings& settings);

}  // namespace cli
