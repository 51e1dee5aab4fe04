# Moves what cpack has staged for the .deb to where Debian's policy wants it: documentation below the
# package's own name, the licence as `copyright`, a changelog, and compressed man pages.
if(NOT CPACK_GENERATOR STREQUAL "DEB")
  return()
endif()

function(compress file)
  execute_process(COMMAND gzip -9nf "${file}" COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# The version's entry alone, in Debian's format: what changed is in CHANGELOG.md, beside it in the
# library's package.
function(write_changelog file package)
  string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)
  file(WRITE "${file}"
"${package} (${CPACK_PACKAGE_VERSION}) unstable; urgency=medium

  * Version ${CPACK_PACKAGE_VERSION}: see CHANGELOG.md of parwork.

 -- ${CPACK_PACKAGE_CONTACT}  ${date}
")
  compress("${file}")
endfunction()

function(write_copyright folder)
  file(READ "${CPACK_RESOURCE_FILE_LICENSE}" licence)
  file(WRITE "${folder}/copyright" "parwork, a parallel processor of items.\n\n${licence}")
  file(REMOVE "${folder}/LICENSE")
endfunction()

# Documentation is staged below `staged_name`.
function(arrange component staged_name package)
  set(root "${CPACK_TEMPORARY_INSTALL_DIRECTORY}/${component}${CPACK_PACKAGING_INSTALL_PREFIX}/share")
  if(NOT EXISTS "${root}/doc/${staged_name}")
    return()
  endif()
  if(NOT staged_name STREQUAL package)
    file(RENAME "${root}/doc/${staged_name}" "${root}/doc/${package}")
  endif()
  write_copyright("${root}/doc/${package}")
  write_changelog("${root}/doc/${package}/changelog" ${package})
  file(GLOB_RECURSE pages "${root}/man/*.1")
  foreach(page IN LISTS pages)
    compress("${page}")
  endforeach()
endfunction()

arrange(library parwork libparwork-dev)
arrange(tool parwork-tool parwork)
