# Compiles a target, and all that link to it within this build, with the sanitizers in PARWORK_SANITIZE.
function(parwork_add_sanitizers target)
  if(NOT PARWORK_SANITIZE)
    return()
  endif()
  set(flags -fsanitize=${PARWORK_SANITIZE} -fno-sanitize-recover=all)
  target_compile_options(${target} PUBLIC $<BUILD_INTERFACE:${flags}> $<BUILD_INTERFACE:-fno-omit-frame-pointer>)
  target_link_options(${target} PUBLIC $<BUILD_INTERFACE:${flags}>)
endfunction()
