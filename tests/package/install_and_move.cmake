# Installs the build tree `build`, then moves what was installed to `prefix`.
file(REMOVE_RECURSE "${prefix}" "${prefix}.before")
execute_process(
  COMMAND "${CMAKE_COMMAND}" --install "${build}" --prefix "${prefix}.before"
  COMMAND_ERROR_IS_FATAL ANY)
file(RENAME "${prefix}.before" "${prefix}")
