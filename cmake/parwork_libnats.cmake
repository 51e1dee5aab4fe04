# Finds libnats, the C client of NATS: sets `parwork_libnats_FOUND`, and makes the target parwork::libnats.
#
# By header and library: the file cnats-config.cmake of Debian 12 names a static library that its package does not have,
# and ends whoever asks for it. Installed beside parworkConfig.cmake, which includes it, too.
set(parwork_libnats_least 3.4)

find_path(PARWORK_LIBNATS_INCLUDE nats/nats.h DOC "Folder of nats/nats.h (Debian: libnats-dev)")
find_library(PARWORK_LIBNATS_LIBRARY NAMES nats DOC "libnats (Debian: libnats-dev)")
mark_as_advanced(PARWORK_LIBNATS_INCLUDE PARWORK_LIBNATS_LIBRARY)

set(parwork_libnats_FOUND FALSE)
if(PARWORK_LIBNATS_INCLUDE AND PARWORK_LIBNATS_LIBRARY)
  file(STRINGS "${PARWORK_LIBNATS_INCLUDE}/nats/version.h" parwork_libnats_version
    REGEX "NATS_VERSION_STRING +\"[0-9.]+")
  string(REGEX REPLACE ".*\"([0-9.]+).*" "\\1" parwork_libnats_version "${parwork_libnats_version}")
  if(parwork_libnats_version VERSION_GREATER_EQUAL parwork_libnats_least)
    set(parwork_libnats_FOUND TRUE)
  endif()
endif()
if(parwork_libnats_FOUND AND NOT TARGET parwork::libnats)
  add_library(parwork::libnats UNKNOWN IMPORTED)
  set_target_properties(parwork::libnats PROPERTIES
    IMPORTED_LOCATION "${PARWORK_LIBNATS_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${PARWORK_LIBNATS_INCLUDE}")
endif()
