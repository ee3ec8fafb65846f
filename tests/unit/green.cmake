fw_unit_test(green fw_green)
fw_unit_test(green_io fw_green)
fw_unit_test(green_turns fw_green)
set_tests_properties(green PROPERTIES LABELS wakeup)
set_tests_properties(green_io green_turns PROPERTIES LABELS descriptors) # each run is hundreds of wakes
if(NOT FW_SANITIZE) # they catch it themselves
  fw_unit_test(overflow fw_green)
endif()
if(NOT FW_SANITIZE AND NOT CMAKE_CROSSCOMPILING) # some gigabytes there
  fw_unit_test(many fw_green fw_stackless)
  add_test(NAME many_canaries COMMAND many_test --canary)
  set_tests_properties(many_canaries PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 300)
endif()
