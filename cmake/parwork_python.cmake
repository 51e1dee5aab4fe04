# The interpreter of the scripts that are tests, as Python3::Interpreter. The one on the path may be a script that
# chooses an interpreter, as pyenv's is: that takes longer than most tests, and is done here, once.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
execute_process(COMMAND "${Python3_EXECUTABLE}" -c "import sys; print(sys.executable)"
  OUTPUT_VARIABLE parwork_python OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
if(parwork_python)
  set_target_properties(Python3::Interpreter PROPERTIES IMPORTED_LOCATION "${parwork_python}")
endif()
