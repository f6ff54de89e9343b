# muster_layer(FOLDER [USES layer...] [LINKS target...])
# One static library "muster_<last folder name>" of every .cc below FOLDER.
function(muster_layer folder)
  cmake_parse_arguments(LAYER "" "" "USES;LINKS" ${ARGN})
  get_filename_component(name ${folder} NAME)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.cc)
  list(FILTER sources EXCLUDE REGEX "/main\\.cc$")
  if(NOT sources)
    add_library(muster_${name} INTERFACE)
    set(scope INTERFACE)
  else()
    add_library(muster_${name} STATIC ${sources})
    set(scope PUBLIC)
  endif()
  foreach(used ${LAYER_USES})
    target_link_libraries(muster_${name} ${scope} muster_${used})
  endforeach()
  target_link_libraries(muster_${name} ${scope} ${LAYER_LINKS})
  if(sources)
    muster_precompile(muster_${name})
  endif()
endfunction()

# muster_alone(GLOB...)
# These files are compiled by themselves: their names are those of others of their layer.
function(muster_alone)
  file(GLOB sources CONFIGURE_DEPENDS ${ARGN})
  set_source_files_properties(${sources} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()

# muster_precompile(TARGET [HEADER...])
# The standard library's headers, and those named, read once for all targets that want the same:
# a third of a clean build.
function(muster_precompile target)
  string(MAKE_C_IDENTIFIER "precompiled${ARGN}" holder)
  if(NOT TARGET ${holder})
    file(WRITE ${CMAKE_BINARY_DIR}/${holder}.cc "")
    add_library(${holder} OBJECT ${CMAKE_BINARY_DIR}/${holder}.cc)
    # What all layers are compiled with: else the compiler would not take it.
    target_link_libraries(${holder} PRIVATE Boost::filesystem spdlog::spdlog Threads::Threads)
    target_precompile_headers(${holder} PRIVATE
      <algorithm> <chrono> <filesystem> <functional> <map> <memory> <mutex> <optional> <set> <span>
      <sstream> <string> <string_view> <thread> <utility> <variant> <vector> ${ARGN})
  endif()
  target_precompile_headers(${target} REUSE_FROM ${holder})
endfunction()

# muster_commands(TARGET FOLDER)
# What calls add_X_commands of each commands_X.cc: a new file is a new command, and nothing else.
function(muster_commands target folder)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/commands_*.cc)
  set(declared "")
  set(called "")
  foreach(file ${files})
    get_filename_component(name ${file} NAME_WE)
    string(REGEX REPLACE "^commands_(.*)$" "add_\\1_commands" adds ${name})
    string(APPEND declared "void ${adds}(Table& table);\n")
    string(APPEND called "  ${adds}(table);\n")
  endforeach()
  set(out ${CMAKE_BINARY_DIR}/all_commands.cc)
  file(CONFIGURE OUTPUT ${out} @ONLY CONTENT [=[
#include "provisioner/cli/command.h"

namespace muster {

@declared@
void add_all_commands(Table& table) {
@called@}

}  // namespace muster
]=])
  target_sources(${target} PRIVATE ${out})
endfunction()

# muster_embed(TARGET GLOB...)
# An object library that holds the named text files, found at run time by base/resources.h.
function(muster_embed target)
  set(files)
  foreach(glob ${ARGN})
    file(GLOB_RECURSE found CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/${glob})
    list(APPEND files ${found})
  endforeach()
  list(REMOVE_DUPLICATES files)
  list(SORT files)
  set(out ${CMAKE_BINARY_DIR}/${target}.cc)
  list(TRANSFORM files PREPEND ${CMAKE_SOURCE_DIR}/ OUTPUT_VARIABLE inputs)
  string(REPLACE ";" "|" joined "${files}")
  add_custom_command(OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DOUT=${out} "-DFILES=${joined}" -DROOT=${CMAKE_SOURCE_DIR}
            -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${inputs} ${CMAKE_SOURCE_DIR}/cmake/embed.cmake VERBATIM)
  add_library(${target} OBJECT ${out})
endfunction()
