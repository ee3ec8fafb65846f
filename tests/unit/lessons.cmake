# Every command in a lesson, a card, a README or a doc works.
if(TARGET fiveways AND NOT FW_SANITIZE)
  find_package(Python3 COMPONENTS Interpreter REQUIRED)
  foreach(area README.md lessons runtimes workloads docs results)
    add_test(NAME commands_in_${area}_work
             COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tests/check/commands.py ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR} ${area})
    set_tests_properties(commands_in_${area}_work PROPERTIES TIMEOUT 300 COST 30)
  endforeach()
  set_tests_properties(commands_in_workloads_work PROPERTIES RUN_SERIAL TRUE) # it fills the CPUs by itself
endif()
