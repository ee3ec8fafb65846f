# The histogram, the counters, the trial; a runner of good and bad cells; the shim.
if(CMOCKA_LIBRARY) # a cross build has none
  foreach(name clock record receipt trial)
    fw_unit_test(${name} fw)
  endforeach()
endif()
if(TARGET fw_runner)
  add_executable(trial_runner unit/trial_runner.c ${CMAKE_SOURCE_DIR}/harness/runner.c)
  target_link_libraries(trial_runner PRIVATE fw_runner Threads::Threads)
  set_target_properties(trial_runner PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR})
  find_package(Python3 COMPONENTS Interpreter)
  if(Python3_FOUND)
    add_test(NAME runner COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/runner_test.py $<TARGET_FILE:trial_runner>)
    set_tests_properties(runner PROPERTIES TIMEOUT 120)
  endif()
endif()
if(CMOCKA_LIBRARY AND TARGET fw_gbench AND TARGET fw_runner)
  fw_unit_test(gbench fw_gbench fw_runner) # fw_runner for jansson
endif()
