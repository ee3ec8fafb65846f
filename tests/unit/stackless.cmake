fw_unit_test(stackless fw_stackless)
fw_unit_test(stackless_chan fw_stackless)
fw_unit_test(stackless_box fw_stackless)
fw_unit_test(stackless_io fw_stackless)
fw_unit_test(stackless_turns fw_stackless)
set_tests_properties(stackless stackless_chan PROPERTIES LABELS wakeup)
set_tests_properties(stackless_io stackless_turns PROPERTIES LABELS descriptors) # each run is hundreds of wakes
